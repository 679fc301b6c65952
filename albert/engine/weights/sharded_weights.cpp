#include "albert/engine/weights/sharded_weights.h"

#include <algorithm>
#include <set>

#include "albert/base/input_file.h"
#include "albert/base/json.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uint64_t kMaxIndexBytes = 64 << 20;

using WeightMap = std::map<std::string, std::string>;  // the file of each tensor

void check_file_name(const std::string& index, const std::string& file,
                     const std::string& extension) {
  const bool plain = std::all_of(file.begin(), file.end(), [](unsigned char c) {
    return c > 0x20 && c != 0x7f && c != '/' && c != '\\' && c != ':';
  });
  if (!plain || file.starts_with('.') || !file.ends_with(extension))
    fail(ErrorCode::kBadData, index, ": weight_map: found the file ", in_quotes(file),
         ", wanted the plain name of a ", extension, " file beside it");
}

WeightMap read_index(const fs::path& path, const std::string& extension) {
  const std::string name = path.string();
  const json index = parse_json(name, read_text_file(path, kMaxIndexBytes));
  const auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (map == index.end() || !map->is_object() || map->empty())
    fail(ErrorCode::kBadData, name,
         ": found no \"weight_map\", wanted an object of file names by tensor");
  WeightMap weights;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string())
      fail(ErrorCode::kBadData, name, ": weight_map: ", in_quotes(tensor), ": found ",
           describe(file), ", wanted a file name");
    check_file_name(name, file.get_ref<const std::string&>(), extension);
    weights.emplace(tensor, file.get<std::string>());
  }
  return weights;
}

class ShardedWeights : public WeightSource {
 public:
  ShardedWeights(const fs::path& index, const std::string& extension, OpenWeights open)
      : folder_(index.parent_path()),
        index_(index.filename().string()),
        map_(read_index(index, extension)) {
    std::set<std::string> files;
    for (const auto& [tensor, file] : map_) files.insert(file);
    for (const std::string& file : files) add(file, open);
    for (const auto& [tensor, file] : map_)
      if (!tensors_.contains(tensor))
        fail(ErrorCode::kBadData, (folder_ / file).string(), ": has no tensor ", in_quotes(tensor),
             ", which ", index_, " places there");
  }

  std::string name() const override { return folder_.string(); }
  const std::map<std::string, TensorInfo>& tensors() const override { return tensors_; }
  void read(const std::string& tensor, std::span<std::byte> to) const override {
    shards_.at(map_.at(tensor))->read(tensor, to);
  }
  void check_unchanged() const override {
    for (const auto& [file, shard] : shards_) shard->check_unchanged();
  }

 private:
  void add(const std::string& file, OpenWeights open) {
    const fs::path path = folder_ / file;
    std::error_code ignored;
    if (!fs::exists(path, ignored))
      fail(ErrorCode::kMissingInput, path.string(), ": no such file, but ", index_, " names it");
    const WeightSource& shard = *shards_.emplace(file, open(path)).first->second;
    for (const auto& [tensor, info] : shard.tensors()) {
      const auto entry = map_.find(tensor);
      if (entry == map_.end() || entry->second != file)
        fail(ErrorCode::kBadData, path.string(), ": holds tensor ", in_quotes(tensor), ", which ",
             index_,
             entry == map_.end() ? " does not name" : " places in " + in_quotes(entry->second));
      tensors_.emplace(tensor, info);
    }
  }

  fs::path folder_;
  std::string index_;
  WeightMap map_;
  std::map<std::string, std::unique_ptr<const WeightSource>> shards_;  // by file
  std::map<std::string, TensorInfo> tensors_;
};

}  // namespace

std::unique_ptr<const WeightSource> open_sharded_weights(const fs::path& index,
                                                         const std::string& extension,
                                                         OpenWeights open) {
  return std::make_unique<const ShardedWeights>(index, extension, open);
}

}  // namespace albert
