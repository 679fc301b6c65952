#pragma once
// Reads the keys of a config.json one by one. Internal to engine/model, not installed: .cpp files
// alone include it.
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "albert/base/json.h"
#include "albert/engine/model/config.h"

namespace albert {

// Takes keys out of an object, each with the type it must have; a key that is absent leaves the
// value as it is. Error(kBadData) "FILE: KEY: found F, wanted W".
class ConfigReader {
 public:
  ConfigReader(std::string file, nlohmann::json object, std::vector<std::string>* warnings)
      : file_(std::move(file)), object_(std::move(object)), warnings_(warnings) {}

  void read(const char* key, int64_t& value);  // 768.0 is read as 768
  void read(const char* key, double& value);
  void read(const char* key, bool& value);
  void read(const char* key, std::string& value);
  // null is a value for these: none.
  void read(const char* key, std::optional<int64_t>& value);
  void read(const char* key, std::optional<double>& value);
  // null leaves the list as it is.
  void read(const char* key, std::vector<std::string>& value);
  // An id, null or a list of ids, of which the first counts (transformers allows several ends).
  void read_id(const char* key, std::optional<int64_t>& value);

  // The raw value, taken; null when the key is absent.
  const nlohmann::json* find(const char* key);

  // What nobody took, and what was taken or asked for.
  nlohmann::json rest() const;
  const std::set<std::string>& taken() const { return taken_; }

  const std::string& file() const { return file_; }
  [[noreturn]] void wrong_type(const std::string& key, const nlohmann::json& found,
                               const char* wanted) const;
  void warn(const std::string& text) const {
    if (warnings_) warnings_->push_back(file_ + ": " + text);
  }
  bool warns() const { return warnings_ != nullptr; }

 private:
  int64_t integer(const char* key, const nlohmann::json& value) const;
  double number(const char* key, const nlohmann::json& value) const;

  std::string file_;
  nlohmann::json object_;
  std::vector<std::string>* warnings_;
  std::set<std::string> taken_;
};

// id2label, label2id and num_labels (config_labels.cpp).
void read_labels(ConfigReader& reader, AlbertConfig& config);

}  // namespace albert
