#include "semel/fingerprint.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>

#include "command.h"
#include "fingerprint_lines.h"
#include "fingerprint_vectors.h"
#include "key_rule_flags.h"

namespace semel::app {
namespace {

struct Flags {
  KeyRuleFlags key_rule;
  std::string vectors;
};

int Fail(const Error& error) {
  std::cerr << "semel fingerprint: " << error.message << '\n';
  return ExitCode(error);
}

int RunVectors(const std::string& path) {
  const Result<bool> equal = CheckVectors(path, std::cout);
  if (!equal) return Fail(equal.error());
  return *equal ? 0 : 1;
}

Result<void> RunLines(const KeyRuleFlags& flags) {
  SEMEL_TRY_ASSIGN(const KeyRule rule, flags.Rule());
  SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(rule));
  return FingerprintLines(fingerprinter, STDIN_FILENO, STDOUT_FILENO);
}

}  // namespace

void AddFingerprint(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "fingerprint",
      "What identifies this event? Reads lines from stdin, each the value of a record with no key\n"
      "and no headers, and prints for each `ok`, `missing` or `invalid`, a tab, and the "
      "fingerprint\n"
      "in hex (`-` for an invalid one).");
  command->footer(
      "Example: echo '{\"user\":{\"id\":7}}' | semel fingerprint --key json:user.id\n"
      "ok: every part is there. missing: a part is absent or null. invalid: a json: part of a "
      "value\n"
      "that is not one valid JSON text, or is ambiguous.");
  const auto flags = std::make_shared<Flags>();
  CLI::Option* const vectors =
      command
          ->add_option(
              "--vectors", flags->vectors,
              "Instead, check this program against a JSON file of test vectors: prints what\n"
              "differs; exit code 0 only if nothing does")
          ->type_name("FILE");
  for (CLI::Option* const option : flags->key_rule.AddTo(*command)) vectors->excludes(option);
  command->callback([flags, vectors, &run] {
    run = [flags, check = vectors->count() > 0] {
      if (check) return RunVectors(flags->vectors);
      const Result<void> done = RunLines(flags->key_rule);
      return done ? 0 : Fail(done.error());
    };
  });
}

}  // namespace semel::app
