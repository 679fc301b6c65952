#pragma once
// JSON from untrusted files. Not installed: only .cpp files of the engine include it.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace albert {

struct JsonLimits {
  size_t max_depth = 64;
  size_t max_values = 4'000'000;  // a parsed value takes up to some 30 times its text in memory
};

// Strict RFC 8259 in valid UTF-8, no comments, no NaN; a key given twice in one object is an error.
// Error(kBadData) "name: line 3 column 7: what".
nlohmann::json parse_json(const std::string& name, std::string_view text,
                          const JsonLimits& limits = {});

// "a string", "the integer 7", "an object", ..: what was found, for "found X, wanted Y".
std::string describe(const nlohmann::json& value);

}  // namespace albert
