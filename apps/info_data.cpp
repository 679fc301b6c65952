#include "apps/info_data.h"

#include <ostream>

#include "albert/base/error.h"
#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/trainer/data/corpus.h"
#include "albert/trainer/loop/checkpoint.h"

namespace albert::apps {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr uint64_t kMaxState = 64 << 20;

ordered_json shard_json(const fs::path& path, const Shard& shard) {
  return {{"file", path.filename().string()}, {"documents", shard.documents()},
          {"sentences", shard.sentences()},   {"tokens", shard.tokens()},
          {"vocab_size", shard.vocab_size()}, {"xxh3_128", shard.checksum()}};
}

void print_shards(const ordered_json& shards, const char* indent, std::ostream& out) {
  for (const auto& s : shards)
    out << indent << s.at("file").get<std::string>() << ": " << s.at("documents") << " documents, "
        << s.at("sentences") << " sentences, " << s.at("tokens") << " tokens, vocabulary of "
        << s.at("vocab_size") << "\n";
}

ordered_json corpus_json(const fs::path& folder) {
  ordered_json info{{"folder", folder.string()}};
  for (const char* split : {"train", "validation"}) {
    info[split] = ordered_json::array();
    for (const ShardEntry& entry : shards_of(folder, split))
      info[split].push_back(shard_json(entry.path, open_shard(entry)));
  }
  return info;
}

// Returns the folder itself if it is a checkpoint, else the checkpoints in it.
std::vector<fs::path> checkpoints_in(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / "trainer_state.json", ignored)) return {folder};
  const Checkpoints checkpoints(folder);
  std::vector<fs::path> folders;
  for (const int64_t step : checkpoints.steps()) folders.push_back(checkpoints.folder(step));
  return folders;
}

ordered_json checkpoint_json(const fs::path& folder) {
  ordered_json info{{"folder", folder.string()},
                    {"damage", verify_checkpoint(folder).value_or("")}};
  if (!info["damage"].get<std::string>().empty()) return info;
  const std::string name = (folder / "trainer_state.json").string();
  const auto state = parse_ordered_json(name, read_text_file(name, kMaxState));
  if (!state.is_object() || !state.contains("step"))
    fail(ErrorCode::kBadData, name, ": not a run's state");
  info["step"] = state["step"];
  info["best_step"] = state.value("best_step", 0);
  info["settings"] = state.value("frozen_settings", ordered_json::object());
  info["settings"].erase("config");
  return info;
}

}  // namespace

bool is_training_data(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return path.extension() == ".shard";
  return fs::exists(path / kManifestName, ignored) && !fs::exists(path / "config.json", ignored);
}

bool is_checkpoint(const fs::path& folder) { return !checkpoints_in(folder).empty(); }

void print_training_data(const fs::path& path, bool json, std::ostream& out) {
  const bool one = fs::is_regular_file(path);
  const ordered_json info = one ? shard_json(path, Shard(path)) : corpus_json(path);
  if (json) {
    out << info.dump(2) << "\n";
  } else if (one) {
    print_shards(ordered_json::array({info}), "", out);
  } else {
    for (const char* split : {"train", "validation"}) {
      out << split << "\n";
      print_shards(info.at(split), "  ", out);
    }
    out << "all checksums are right\n";
  }
}

void print_checkpoints(const fs::path& folder, bool json, std::ostream& out) {
  ordered_json all = ordered_json::array();
  for (const auto& checkpoint : checkpoints_in(folder)) all.push_back(checkpoint_json(checkpoint));
  if (json) {
    out << all.dump(2) << "\n";
    return;
  }
  for (const auto& c : all) {
    const auto damage = c.at("damage").get<std::string>();
    out << c.at("folder").get<std::string>() << ": ";
    if (damage.empty())
      out << "whole, step " << c.at("step") << " of " << c.at("settings").value("max_steps", 0)
          << "\n";
    else
      out << "damaged: " << damage << "\n";
  }
  if (!all.empty() && all.back().contains("settings"))
    out << "settings " << all.back()["settings"].dump() << "\n";
}

}  // namespace albert::apps
