#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "base/fail_point.h"
#include "command.h"
#include "usage.h"
#include "versions.h"

namespace semel::app {
namespace {

int Main(int argc, char** argv) {
  // A closed pipe is an error of write(), not the end of the process.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  if (const char* spec = std::getenv("SEMEL_FAIL_POINTS"); spec != nullptr) {
    if (const auto armed = fail_point::Arm(spec); !armed) {
      std::cerr << "semel: " << armed.error().message << '\n';
      return ExitCode(armed.error());
    }
  }

  CLI::App app{
      "Removes duplicates from Kafka event streams: each event comes out once, and none is lost.",
      "semel"};
  app.require_subcommand(1);
  app.set_version_flag("--version", Versions);
  ExplainUsage(app);
  Run run;
  AddCompletion(app, run);
  AddConsume(app, run);
  AddDedup(app, run);
  AddFingerprint(app, run);
  AddGroup(app, run);
  AddMan(app, run);
  AddProduce(app, run);
  AddProve(app, run);
  AddRun(app, run);
  AddScan(app, run);
  AddSeen(app, run);
  AddServe(app, run);
  AddSink(app, run);
  AddTopic(app, run);
  AddUniq(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, std::cout, std::cerr);
    return code == 0 ? 0 : 2;
  }
  return run();
}

}  // namespace
}  // namespace semel::app

int main(int argc, char** argv) {
  try {
    return semel::app::Main(argc, argv);
  } catch (const std::exception& error) {  // memory that is not there, above all
    std::fprintf(stderr, "semel: %s\n", error.what());
    return 1;
  }
}
