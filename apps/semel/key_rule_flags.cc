#include "key_rule_flags.h"

#include "fingerprint/secret.h"

namespace semel::app {

std::vector<CLI::Option*> KeyRuleFlags::AddTo(CLI::App& command) {
  const std::string group = "What identifies an event";
  CLI::Option* const key =
      command
          .add_option("--key", rule_.parts,
                      "A part of the key, in order; repeat for more [value]. One of:\n"
                      "  value        all bytes of the value\n"
                      "  key          all bytes of the key\n"
                      "  header:NAME  the last header of that name\n"
                      "  json:PATH    one value inside the value: json:user.id or json:/user/id\n"
                      "               (RFC 6901); json: alone is the whole document")
          ->type_name("PART")
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
          ->allow_extra_args(false);
  CLI::Option* const name_space =
      command
          .add_option("--namespace", rule_.name_space,
                      "Keeps equal events of different tenants or environments apart")
          ->type_name("TEXT");
  CLI::Option* const bits =
      command.add_option("--fingerprint-bits", rule_.bits, "Length of a fingerprint")
          ->type_name("128|256")
          ->check(CLI::IsMember({128, 256}).description(""))
          ->capture_default_str();
  CLI::Option* const secret =
      command
          .add_option(
              "--secret-file", secret_file_,
              "File with a secret in hex digits: fingerprints become HMACs, so that nobody\n"
              "without it can tell which event one stands for")
          ->type_name("FILE");
  std::vector<CLI::Option*> all{key, name_space, bits, secret};
  for (CLI::Option* option : all) option->group(group);
  return all;
}

Result<KeyRule> KeyRuleFlags::Rule() const {
  KeyRule rule = rule_;
  if (!secret_file_.empty()) {
    SEMEL_TRY_ASSIGN(rule.secret, ReadSecretFile(secret_file_));
  }
  return rule;
}

}  // namespace semel::app
