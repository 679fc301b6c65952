#pragma once
#include <filesystem>
#include <iosfwd>

namespace albert::apps {

// Whether `path` is a shard, a folder that albert prepare made or a folder with a run's state, and
// not just a model.
bool is_training_data(const std::filesystem::path& path);
bool is_checkpoint(const std::filesystem::path& folder);

// Shard or prepared folder: sizes per split, vocabulary, checksums compared. Error(kBadData) where
// they differ.
void print_training_data(const std::filesystem::path& path, bool json, std::ostream& out);

// Checkpoint or output folder of a run: which steps are there, whole or damaged, and the settings
// of the newest.
void print_checkpoints(const std::filesystem::path& folder, bool json, std::ostream& out);

}  // namespace albert::apps
