#include "run_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/file.h"
#include "config/yaml_settings.h"
#include "dedup_flags.h"
#include "file_references.h"
#include "metrics/listener.h"
#include "serve_flags.h"
#include "sink_flags.h"

namespace semel::app {
namespace {

using config::KafkaSettings;
using config::Refusal;

constexpr const char* kAtTheTop = " is said once for all pipelines, at the top of the file";
constexpr const char* kNeverEnds =
    " is for the command alone: a pipeline of semel run goes on until the process is stopped";

/// What a command has and a pipeline has not, and why.
const std::map<std::string, std::string>& Elsewhere() {
  static const std::map<std::string, std::string> kElsewhere = {
      {"metrics", kAtTheTop},    {"summary", kAtTheTop},
      {"log-format", kAtTheTop}, {"log-level", kAtTheTop},
      {"until-end", kNeverEnds}, {"dry-run", kNeverEnds},
      {"follow", kNeverEnds},    {"config", " has no place in a file"}};
  return kElsewhere;
}

bool IsPipelineName(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Result<RunPlan> Read() {
    SEMEL_TRY_ASSIGN(const std::string content, ReadFile(file_));
    try {
      return ReadPlan(content);
    } catch (const Refusal& refusal) {
      return At(refusal.mark, refusal.why);
    } catch (const YAML::Exception& error) {
      return At(error.mark, error.msg);
    }
  }

 private:
  std::string Place(const YAML::Mark& mark) const {
    return file_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
  }
  Error At(const YAML::Mark& mark, const std::string& why) const {
    return {Action::kFix, Place(mark) + ": " + references_.Hide(why)};
  }

  Result<RunPlan> ReadPlan(const std::string& content);
  void ReadTop(const YAML::Node& root, RunPlan& plan);
  Result<Pipeline> ReadPipeline(const YAML::Node& node);
  template <typename Flags>
  Result<PipelineOptions> ReadOptions(const std::string& command, const YAML::Node& settings,
                                      const Pipeline& pipeline);
  Error Placed(const Error& error, const Pipeline& pipeline, const YAML::Node& settings) const;

  const std::string& file_;
  FileReferences references_;
  KafkaSettings kafka_;  // of all pipelines
};

/// Of a setting's name as flags are named, not as the beginning of a longer one.
std::size_t FindFlag(const std::string& text, const std::string& setting) {
  const std::string flag = "--" + setting;
  std::size_t at = text.find(flag);
  while (at != std::string::npos && at + flag.size() < text.size() &&
         IsPipelineName(text.substr(at + flag.size(), 1)))
    at = text.find(flag, at + 1);
  return at;
}

std::string Written(const YAML::Node& node) {
  if (!node) return {};
  YAML::Emitter text;
  text << node;
  return text.c_str();
}

Result<RunPlan> Reader::ReadPlan(const std::string& content) {
  YAML::Node root = config::ParseYaml(content);
  const YAML::Node as_written = YAML::Clone(root);
  if (!root.IsMap()) throw Refusal{root.Mark(), "not a map of settings with a list 'pipelines'"};
  references_.Follow(root);
  RunPlan plan;
  ReadTop(root, plan);
  if (const auto right =
          plan.metrics.empty() ? Result<void>() : metrics::CheckAddress(plan.metrics);
      !right)
    return Error{Action::kFix, plan.metrics_place + ": --metrics: " + right.error().message};
  const YAML::Node pipelines = root["pipelines"];
  if (!pipelines || !pipelines.IsSequence() || pipelines.size() == 0)
    throw Refusal{pipelines ? pipelines.Mark() : root.Mark(),
                  "'pipelines' wants a list: - {name: NAME, dedup: {...}}"};
  const std::string common = Written(as_written["brokers"]) + Written(as_written["kafka"]);
  for (std::size_t i = 0; i < pipelines.size(); ++i) {
    SEMEL_TRY_ASSIGN(Pipeline pipeline, ReadPipeline(pipelines[i]));
    pipeline.written = common + Written(as_written["pipelines"][i]);
    const auto same = std::ranges::find(plan.pipelines, pipeline.name, &Pipeline::name);
    if (same != plan.pipelines.end())
      return At(pipelines[i]["name"].Mark(),
                "the name '" + pipeline.name + "' is taken by the pipeline at " + same->place);
    plan.pipelines.push_back(std::move(pipeline));
  }
  return plan;
}

/// All but the pipelines, as options of a command.
void Reader::ReadTop(const YAML::Node& root, RunPlan& plan) {
  YAML::Node top(YAML::NodeType::Map);
  config::ForEachEntry(
      root, "not a map of settings",
      [&](const std::string& key, const YAML::Node& name, const YAML::Node& value) {
        if (key == "metrics") plan.metrics_place = Place(value.Mark());
        if (key != "pipelines") top.force_insert(name, value);
      });
  CLI::App command("", "run");
  plan.run.AddTo(command);
  command.add_option("--metrics", plan.metrics);
  config::ApplySettings(command, kafka_, top,
                        [this](const YAML::Mark& mark) { return Place(mark); });
}

Result<Pipeline> Reader::ReadPipeline(const YAML::Node& node) {
  Pipeline pipeline;
  std::string kind;
  YAML::Node settings;
  config::ForEachEntry(
      node, "a pipeline is a map: {name: NAME, dedup: {...}}",
      [&](const std::string& key, const YAML::Node& name, const YAML::Node& value) {
        if (key == "name") {
          pipeline.name = config::Scalar(key, value);
          if (!IsPipelineName(pipeline.name))
            throw Refusal{value.Mark(), "a name has letters a to z, digits and '-' only"};
          return;
        }
        if (key != "serve" && key != "dedup" && key != "sink-postgres")
          throw Refusal{name.Mark(), "unknown key '" + key +
                                         "'; a pipeline has a name and one of serve, dedup and "
                                         "sink-postgres"};
        if (!kind.empty())
          throw Refusal{name.Mark(), "a pipeline is one thing: it is " + kind + " already"};
        kind = key;
        pipeline.place = Place(name.Mark());
        settings.reset(value);
      });
  if (pipeline.name.empty()) throw Refusal{node.Mark(), "the pipeline has no name"};
  if (kind.empty())
    throw Refusal{node.Mark(), "the pipeline is none of serve, dedup and sink-postgres"};
  config::ForEachEntry(
      settings, "'" + kind + "' wants a map of settings: name: value",
      [&](const std::string& key, const YAML::Node& name, const YAML::Node& value) {
        if (const auto why = Elsewhere().find(key); why != Elsewhere().end())
          throw Refusal{name.Mark(), "'" + key + "'" + why->second};
        pipeline.places.emplace(key, Place(value.Mark()));
      });
  auto options = kind == "serve"   ? ReadOptions<ServeFlags>("serve", settings, pipeline)
                 : kind == "dedup" ? ReadOptions<DedupFlags>("dedup", settings, pipeline)
                                   : ReadOptions<SinkFlags>("sink postgres", settings, pipeline);
  if (!options) return options.error();
  pipeline.options = *std::move(options);
  return pipeline;
}

/// The settings go where a command line goes, to the same flags.
template <typename Flags>
Result<PipelineOptions> Reader::ReadOptions(const std::string& name, const YAML::Node& settings,
                                            const Pipeline& pipeline) {
  CLI::App command("", name);
  Flags flags;
  flags.AddTo(command);
  const auto place = [this](const YAML::Mark& mark) { return Place(mark); };
  // In a callback, so that CLI11 looks for what is required after it.
  command
      .add_flag_callback(
          "--the-settings-of-a-file",
          [&] { config::ApplySettings(command, flags.kafka().from_file(), settings, place); })
      ->configurable(false);
  try {
    command.parse("--the-settings-of-a-file");
  } catch (const CLI::ParseError& error) {
    return Placed({Action::kFix, error.what()}, pipeline, settings);
  }
  KafkaSettings& kafka = flags.kafka().from_file();
  if (kafka.brokers.empty()) kafka.brokers = kafka_.brokers;
  // What comes first wins, property by property.
  kafka.properties.insert(kafka.properties.end(), kafka_.properties.begin(),
                          kafka_.properties.end());
  auto options = flags.Options();
  if (!options) return Placed(options.error(), pipeline, settings);
  options->version = SEMEL_VERSION;
  return PipelineOptions(*std::move(options));
}

/// Texts of options name a flag, or quote its value; a property's has its place already.
Error Reader::Placed(const Error& error, const Pipeline& pipeline,
                     const YAML::Node& settings) const {
  const std::string& text = error.message;
  if (text.starts_with(file_ + ":")) return {error.action, references_.Hide(text)};
  std::string place = pipeline.place;
  std::size_t first = std::string::npos;
  for (const auto& [setting, at] : pipeline.places) {
    const YAML::Node value = settings[setting];
    std::size_t found = FindFlag(text, setting);
    if (found == std::string::npos && value.IsScalar() && value.Scalar().starts_with('/'))
      found = text.find(value.Scalar());
    if (found >= first) continue;
    first = found;
    place = at;
  }
  return {error.action, place + ": " + references_.Hide(text)};
}

/// The share of memory that one process takes by default is that of all of them.
void ShareMemory(std::vector<Pipeline>& pipelines) {
  std::vector<DedupOptions*> sharing;
  for (Pipeline& pipeline : pipelines)
    if (auto* dedup = std::get_if<DedupOptions>(&pipeline.options);
        dedup != nullptr && !pipeline.places.contains("memory-limit"))
      sharing.push_back(dedup);
  for (DedupOptions* dedup : sharing) dedup->memory_limit /= sharing.size();
}

}  // namespace

const std::string& Pipeline::PlaceOf(std::initializer_list<const char*> settings) const {
  for (const char* setting : settings)
    if (const auto found = places.find(setting); found != places.end()) return found->second;
  return place;
}

Result<RunPlan> ReadRunFile(const std::string& file) {
  SEMEL_TRY_ASSIGN(RunPlan plan, Reader(file).Read());
  ShareMemory(plan.pipelines);
  return plan;
}

}  // namespace semel::app
