#include <unistd.h>

#include <algorithm>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/named_logger.h"
#include "command.h"
#include "console.h"
#include "job.h"
#include "run_checks.h"
#include "run_explain.h"
#include "run_file.h"
#include "wiring/progress.h"
#include "wiring/spdlog_logger.h"

namespace semel::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Flags {
  std::string file;
  bool check = false;
  bool explain = false;
};

Result<RunPlan> ReadPlan(const std::string& file) {
  SEMEL_TRY_ASSIGN(RunPlan plan, ReadRunFile(file));
  SEMEL_TRY(CheckTogether(plan));
  return plan;
}

/// The first error of any pipeline: it stops the others.
class FirstError {
 public:
  explicit FirstError(StopSignals& signals) : signals_(signals) {}

  void Set(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!error_) {
      error_ = error;
      signals_.SetExitCode(ExitCode(error));
    }
    signals_.RequestStop();
  }

  std::optional<Error> Take() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  StopSignals& signals_;
  mutable std::mutex mutex_;
  std::optional<Error> error_;
};

/// All pipelines of a file in this process.
class Together {
 public:
  Together(std::string file, RunPlan plan)
      : file_(std::move(file)),
        plan_(std::move(plan)),
        terminal_(STDERR_FILENO),
        lines_(MakeLogger(terminal_, plan_.run.log_format(), plan_.run.log_level())),
        logger_(*lines_, clock_) {
    for (const Pipeline& pipeline : plan_.pipelines) running_.emplace_back(pipeline, logger_);
  }

  int Run() {
    for (Running& each : running_) each.job->LogStart(each.logger);
    for (const std::string& doubt : Doubts(plan_)) logger_.Warning(doubt);
    const auto start = SteadyClock::now();
    const std::optional<Error> error = RunAll();
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
    for (Running& each : running_) Summarize(each, seconds);
    return error ? EndWith(*error, logger_) : 0;
  }

 private:
  struct Running {
    Running(const Pipeline& of, Logger& log)
        : pipeline(of), logger(log, of.name), job(MakeJob(of.options)) {}
    const Pipeline& pipeline;
    NamedLogger logger;
    std::unique_ptr<Job> job;
  };

  std::optional<Error> RunAll();
  std::vector<metrics::PipelineView> Views() const;
  Result<void> CreateTopics();
  void Summarize(Running& each, double seconds);
  void ReadAgain();
  void ReadAgain(Running& each, const RunPlan& plan);
  std::string ProgressText(double seconds);

  const std::string file_;
  const RunPlan plan_;
  const SystemClock clock_;
  Terminal terminal_;
  const std::unique_ptr<LeveledLogger> lines_;
  metrics::RecentLog logger_;
  std::deque<Running> running_;
};

std::optional<Error> Together::RunAll() {
  const auto slowest =
      std::ranges::max_element(running_, {}, [](const Running& each) { return each.job->Hangs(); });
  StopSignals signals(logger_, slowest->job->Forced(), slowest->job->Hangs(),
                      [this] { ReadAgain(); });  // before any other thread
  FirstError error(signals);
  if (const auto created = CreateTopics(); !created) return created.error();
  const auto server = ServeMetrics(plan_.metrics, Views(), logger_);
  if (!server)
    return Error{server.error().action, plan_.metrics_place + ": " + server.error().message};
  const auto start = SteadyClock::now();
  const Progress line(terminal_, [&] {
    return ProgressText(std::chrono::duration<double>(SteadyClock::now() - start).count());
  });
  std::vector<std::jthread> threads;
  for (Running& each : running_)
    threads.emplace_back([&each, &signals, &error] {
      const auto done = each.job->Run(signals, each.logger);
      if (!done) {
        each.logger.Error("this pipeline has ended, and the others end with it",
                          {{"reason", done.error().message}});
        error.Set(done.error());
      }
      signals.RequestStop();  // none goes on without the others
    });
  threads.clear();  // joins
  return error.Take();
}

std::vector<metrics::PipelineView> Together::Views() const {
  std::vector<metrics::PipelineView> views;
  for (const Running& each : running_) {
    views.push_back(each.job->View());
    views.back().name = each.pipeline.name;
  }
  return views;
}

/// In the order of the file, and before any pipeline runs: the output of one is another's input.
Result<void> Together::CreateTopics() {
  for (Running& each : running_) SEMEL_TRY(each.job->CreateTopics(each.logger));
  return {};
}

void Together::Summarize(Running& each, double seconds) {
  if (plan_.run.json_summary())
    std::cout << R"({"pipeline":")" << each.pipeline.name << "\","
              << each.job->Summary(seconds, true).substr(1) << std::endl;
  else
    each.logger.Info(each.job->Summary(seconds, false));
}

void Together::ReadAgain() {
  const auto plan = ReadPlan(file_);
  if (!plan) return logger_.Error("SIGHUP changes nothing: " + plan.error().message);
  lines_->SetLevel(plan->run.log_level());
  for (Running& each : running_) ReadAgain(each, *plan);
  if (plan->pipelines.size() > plan_.pipelines.size())
    logger_.Warning("the file has more pipelines now: they begin at the next start");
  logger_.Info("secrets and log level were read again", {{"file", file_}});
}

void Together::ReadAgain(Running& each, const RunPlan& plan) {
  const auto now = std::ranges::find(plan.pipelines, each.pipeline.name, &Pipeline::name);
  if (now == plan.pipelines.end())
    return each.logger.Warning("the file has no such pipeline any more: it ends at the next start");
  each.job->TakeSecrets(now->options, each.logger);
  if (now->written != each.pipeline.written)
    each.logger.Warning(
        "its settings in the file are others now: all but secrets are taken at the "
        "next start only");
}

std::string Together::ProgressText(double seconds) {
  std::string text;
  for (Running& each : running_)
    text +=
        (text.empty() ? "" : " | ") + each.pipeline.name + ": " + each.job->ProgressText(seconds);
  return text;
}

int RunCommand(const Flags& flags) {
  auto plan = ReadPlan(flags.file);
  if (!plan) return Fail("run", plan.error());
  if (flags.explain) {
    std::cout << Explain(*plan);
    return 0;
  }
  if (flags.check) {
    for (const std::string& doubt : Doubts(*plan)) std::cerr << "semel run: " << doubt << '\n';
    std::cout << flags.file << ": " << plan->pipelines.size() << " pipelines, nothing wrong\n";
    return 0;
  }
  return Together(flags.file, *std::move(plan)).Run();
}

}  // namespace

void AddRun(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "run",
      "Runs any number of serve, dedup and sink pipelines in one process, from one file.\n"
      "The file is checked as a whole before anything starts. SIGHUP reads secrets and log level "
      "again.");
  command->footer(
      "Example: semel run -c semel.yaml\n"
      "The file: brokers, kafka, log-level, log-format, metrics and summary for all; pipelines is\n"
      "a list of {name: NAME, serve: {...}}, with dedup or sink-postgres in place of serve. Their\n"
      "settings are the long flags of these commands. ${NAME} is a variable of the environment.\n"
      "See docs/run.md.\n"
      "Exit codes: those of the pipeline that failed first; 2 where the file is wrong.");
  const auto flags = std::make_shared<Flags>();
  command->add_option("-c,--config", flags->file, "The file of the pipelines")
      ->type_name("FILE")
      ->required();
  CLI::Option* const check = command->add_flag(
      "--check", flags->check, "Check the file and what it refers to, ask nobody, start nothing");
  command
      ->add_flag("--explain", flags->explain,
                 "Print the flow, what each step promises, and the topics and rights it needs")
      ->excludes(check);
  command->callback([flags, &run] { run = [flags] { return RunCommand(*flags); }; });
}

}  // namespace semel::app
