#!/usr/bin/env bash
# `semel uniq` as a shell sees it. Usage: uniq_command_test.sh SEMEL
set -uo pipefail
semel=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failures=0

# check NAME EXPECTED-CODE EXPECTED-OUTPUT-PATTERN COMMAND...: the output is stdout and stderr, with
# `.` behind it, so that line ends count.
check() {
  local name=$1 code=$2 pattern=$3 output actual
  shift 3
  output=$("$@" 2>&1; ended=$?; echo .; exit "$ended")
  actual=$?
  if [[ $actual != "$code" || $output != $pattern. ]]; then
    echo "FAILED $name: exit code $actual, wanted $code; output: $output" >&2
    failures=$((failures + 1))
  fi
}

lines() { printf "$1" | "$semel" uniq "${@:2}"; }

check 'no input, no output' 0 '' lines ''
check 'first ones, in order' 0 $'b\na\nc\n' lines 'b\na\nb\nc\na\n'
check 'last line without LF' 0 $'a\nb\n' lines 'a\nb\na'
check 'last line without LF, new' 0 $'a\nb\n' lines 'a\nb'
check 'empty lines are lines' 0 $'\na\n' lines '\na\n\n\n'
check 'a CR belongs to its line' 0 $'a\r\na\n' lines 'a\r\na\na\r\n'
check 'white space counts' 0 $'a\na \n a\n' lines 'a\na \n a\n'
bytes() { printf 'a\0b\n\xff\xfe\na\0c\na\0b\n\xff\xfe\n' | "$semel" uniq | od -An -c | tr -s ' \n' ' '; }
check 'any bytes' 0 ' a \\0 b \\n 377 376 \\n a \\0 c \\n ' bytes

printf 'a\nb' >one
printf 'b\nc\n' >two
check 'files' 0 $'a\nb\nc\n' "$semel" uniq one two
check 'the other order' 0 $'b\nc\na\n' "$semel" uniq two one
check 'standard input among files' 0 $'a\nb\nx\nc\n' lines 'x\na\n' one - two
cp one ./-odd
check 'a name that begins with -' 0 $'a\nb\n' "$semel" uniq -- -odd
check 'no such file, nothing done' 2 $'semel uniq: none: *No such file*\n' "$semel" uniq one none
check 'a folder' 2 $'semel uniq: .: *directory*\n' "$semel" uniq one .
folder() { "$semel" uniq <.; }
check 'a folder as input' 2 $'semel uniq: standard input: *directory*\n' folder
closed_input() { "$semel" uniq <&-; }
check 'closed input' 2 $'semel uniq: standard input: *\n' closed_input

full() { "$semel" uniq one >/dev/full; }
check 'a full disk' 1 $'semel uniq: *write*No space*\n' full
closed_output() { "$semel" uniq one >&-; }
check 'closed output' 1 $'semel uniq: *write*\n' closed_output
seq 3000000 >many
piped() { "$semel" uniq many | head -n 1; return "${PIPESTATUS[0]}"; }
check 'a closed pipe ends it as SIGPIPE does' 141 $'1\n' piped
waiting() {
  mkfifo input
  exec 3<>input # its end never comes
  printf 'a\n' >&3
  timeout 20 "$semel" uniq input | head -n 0
  return "${PIPESTATUS[0]}"
}
check 'a closed pipe ends a wait for input' 141 '' waiting
live() {
  mkfifo answer
  (printf 'a\n'; read -r _ <answer; printf 'a\nb\n') | timeout 20 "$semel" uniq | (read -r line; echo "$line" | tee answer; cat)
}
check 'lines come as they arrive' 0 $'a\nb\n' live

as_awk() {
  awk 'BEGIN { for (i = 0; i < 400000; ++i) print (i * 7919) % 120000 + i % 3 * 200000 }' >numbers
  awk '!seen[$0]++' numbers >expected
  "$semel" uniq numbers | cmp - expected
}
check 'as awk' 0 '' as_awk
long() { (head -c 3000000 /dev/zero; echo; head -c 3000000 /dev/zero) | "$semel" uniq | wc -c; }
check 'long lines' 0 $'3000001\n' long

check 'key' 0 $'{"id":7,"a":1}\n{"id":"7"}\n' lines '{"id":7,"a":1}\n{"a":2, "id":7.0}\n{"id":"7"}' --key json:/id
check 'two parts' 0 $'{"a":1,"b":2}\n{"a":1,"b":3}\n' \
  lines '{"a":1,"b":2}\n{"a":1,"b":3}\n{"b":2,"a":1,"c":0}\n' --key json:a --key json:b
check 'documents, however written' 0 $'{"a":1,"b":2}\n' lines '{"a":1,"b":2}\n{ "b":2, "a":1 }\n' --key json:
check 'unjudged lines pass and are counted' 0 $'{}\n{\n{}\nsemel uniq: *: 2 lines *, 1 *\n' \
  lines '{}\n{\n{}\n' --key json:id
check 'nothing is said otherwise' 0 $'{"id":1}\n' lines '{"id":1}\n{"id":1}\n' --key json:id
check 'bad part' 2 $'semel uniq: *jsn:/x*\n' lines 'a\n' --key jsn:/x
check 'a line has no key' 2 $'semel uniq: --key key: *\n' lines 'a\n' --key key
check 'a line has no headers' 2 $'semel uniq: --key header:a: *\n' lines 'a\n' --key header:a
check 'help' 0 $'*FILE*--key*json:PATH*' "$semel" uniq --help

exit $((failures > 0))
