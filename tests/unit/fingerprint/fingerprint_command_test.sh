#!/usr/bin/env bash
# `semel fingerprint` as a shell sees it. Usage: fingerprint_command_test.sh SEMEL
set -uo pipefail
semel=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failures=0

# check NAME EXPECTED-CODE EXPECTED-OUTPUT-PATTERN COMMAND...: the output is stdout and stderr.
check() {
  local name=$1 code=$2 pattern=$3 output actual
  shift 3
  output=$("$@" 2>&1)
  actual=$?
  if [[ $actual != "$code" || $output != $pattern ]]; then
    echo "FAILED $name: exit code $actual, wanted $code; output: $output" >&2
    failures=$((failures + 1))
  fi
}

lines() { printf "$1" | "$semel" fingerprint "${@:2}"; }
readonly hello=0756d65f5f9f3cb0bda933aef46c842d
readonly empty=548924e06add9e4616ae834649c97d5e

check 'no input, no output' 0 '' lines ''
check 'one line' 0 "ok"$'\t'"$hello" lines 'hello\n'
check 'last line without LF' 0 "ok"$'\t'"$empty"$'\n'"ok"$'\t'"$hello" lines '\nhello'
check 'a CR is white space of JSON' 0 $'ok\td856*' lines '{"id":7}\r\n' --key json:id
check 'a CR belongs to the value' 0 $'ok\t318bc3f6e602c49493faba173f91ae31' lines 'x\r\n'
check 'outcomes' 0 $'ok\td8*\nmissing\tbb*\ninvalid\t-' lines '{"id":7}\n{}\n{' --key json:/id
check 'a line has no key' 0 $'missing\t47e6*' lines 'x' --key key
check 'a line has no headers' 0 $'missing\tbb7d*' lines 'x' --key header:a
check 'two parts' 0 $'ok\t4431a87c3f8ef10ec2bec60fc951239a' \
  lines '{"a":"x","b":"yz"}' --key json:/a --key json:/b
check 'namespace' 0 $'ok\taef0e3edfb505702dcb441d7a535d6e5' lines 'hello' --namespace tenant-a
check 'framing is named once' 0 '*line 1 *Schema-Registry*invalid*invalid*' \
  lines '\0\0\0\0\1{}\n\0\0\0\0\1{}\n' --key json:

printf ' 00112233445566778899AABBCCDDEEFF\n' >"$dir/secret"
check 'secret' 0 $'ok\t55cf67acc9941d82fae9c5c5ad8089f3' lines 'hello' --secret-file "$dir/secret"
printf '0011\n223' >"$dir/secret"
check 'bad secret' 2 "*$dir/secret*" lines 'hello' --secret-file "$dir/secret"
check 'no secret file' 2 "*$dir/none*" lines 'hello' --secret-file "$dir/none"
check 'bad part' 2 '*jsn:/x*' lines 'hello' --key jsn:/x
check 'bad bits' 2 '*128*' lines 'hello' --fingerprint-bits 64
check 'help' 0 '*--vectors*--key*header:NAME*' "$semel" fingerprint --help

long() { head -c 3000000 /dev/zero | tr '\0' x | "$semel" fingerprint | wc -l; }
check 'a long line' 0 1 long
seq 1000000 >"$dir/lines"
quiet() { "$semel" fingerprint <"$dir/lines" | head -n 1; }
check 'a closed pipe' 0 $'ok\t*' quiet
directory() { "$semel" fingerprint <"$dir"; }
check 'input that cannot be read' 1 '*read*' directory

vectors() { printf '%s' "$1" >"$dir/vectors" && "$semel" fingerprint --vectors "$dir/vectors"; }
check 'vectors, few fields' 0 '2 vectors, 0 mismatches' vectors '[
  {"fingerprint":"'$hello'","value":"aGVsbG8","rule":["value"],"status":"ok"},
  {"rule":["json:"],"value":"","status":"invalid"}]'
check 'vectors, mismatch' 1 '*vector 2 "a note": expected ok 00, came ok '"$hello"*'2 vectors, 1 mis*' \
  vectors '[{"value":"aGVsbG8=","status":"ok","fingerprint":"'$hello'"},
  {"note":"a note","value":"aGVsbG8=","status":"ok","fingerprint":"00"}]'
check 'vectors, wrong status' 1 '*expected missing*came ok*' \
  vectors '[{"value":"aGVsbG8=","status":"missing","fingerprint":"'$hello'"}]'
check 'vectors, bad rule' 1 '*jsn:*' vectors '[{"rule":["jsn:"],"value":"","status":"invalid"}]'
for broken in '' '[' '{}' '[]' '[1]' '[{"status":"fine"}]' '[{"status":"ok","value":"a"}]' \
  '[{"status":"ok","value":"?"}]' '[{"status":"ok","headers":[["a"]]}]' \
  '[{"status":"ok","bits":100}]' '[{"status":"ok","secret":"x"}]' '[{"status":"ok","rule":[1]}]'; do
  check "vectors, broken: $broken" 2 "*$dir/vectors*" vectors "$broken"
done
check 'no vectors' 2 "*$dir/none*" "$semel" fingerprint --vectors "$dir/none"
check 'vectors have their own rule' 2 '*--key*' "$semel" fingerprint --vectors x --key value

exit $((failures > 0))
