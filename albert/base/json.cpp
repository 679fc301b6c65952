#include "albert/base/json.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <vector>

#include "albert/base/error.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

using nlohmann::json;

// Reads the text for the parser and tells how far it has come.
struct Cursor {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** reached;

  reference operator*() const { return *at; }
  Cursor& operator++() {
    *reached = ++at;
    return *this;
  }
  Cursor operator++(int) {
    const Cursor before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Cursor& other) const { return at == other.at; }
  bool operator!=(const Cursor& other) const { return at != other.at; }
};

class Parser {
 public:
  Parser(const std::string& name, std::string_view text, const JsonLimits& limits)
      : name_(name), text_(text), limits_(limits), reached_(text.data()) {}

  json parse() {
    const char* end = text_.data() + text_.size();
    // The library takes a zero byte for the end of the text and would not look at what follows.
    if (const size_t zero = text_.find('\0'); zero != text_.npos) {
      reached_ = text_.data() + zero + 1;
      fail_here("a zero byte");
    }
    try {
      return json::parse(
          Cursor{text_.data(), &reached_}, Cursor{end, &reached_},
          [this](int, json::parse_event_t event, json& parsed) { return check(event, parsed); });
    } catch (const json::exception& e) {
      fail_here(reason(e.what()));
    }
  }

 private:
  bool check(json::parse_event_t event, const json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        if (keys_.size() == limits_.max_depth)
          fail_here("nested deeper than ", limits_.max_depth, " levels");
        keys_.emplace_back();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end: keys_.pop_back(); break;
      case json::parse_event_t::key: {
        const auto& key = parsed.get_ref<const std::string&>();
        if (!keys_.back().insert(key).second)
          fail_here("the key ", in_quotes(key), " is there twice");
        break;
      }
      case json::parse_event_t::value: break;
    }
    if (++values_ > limits_.max_values) fail_here("more than ", limits_.max_values, " values");
    return true;
  }

  template <class... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    // The parser has read the character it complains about.
    const char* end = reached_ == text_.data() ? reached_ : reached_ - 1;
    const auto line = 1 + std::count(text_.data(), end, '\n');
    const auto line_start =
        std::find(std::make_reverse_iterator(end), std::make_reverse_iterator(text_.data()), '\n')
            .base();
    fail(ErrorCode::kBadData, name_, ": line ", line, " column ", 1 + (end - line_start), ": ",
         parts...);
  }

  // "[json.exception.parse_error.101] parse error at line 1, column 2: why" without what our own
  // prefix says.
  static std::string reason(std::string_view what) {
    if (const auto id_end = what.find("] "); id_end != what.npos) what.remove_prefix(id_end + 2);
    if (what.starts_with("parse error"))
      if (const auto colon = what.find(": "); colon != what.npos) what.remove_prefix(colon + 2);
    return printable(what, 300);
  }

  const std::string& name_;
  std::string_view text_;
  JsonLimits limits_;
  const char* reached_;
  size_t values_ = 0;
  std::vector<std::unordered_set<std::string>> keys_;  // of every open object
};

}  // namespace

json parse_json(const std::string& name, std::string_view text, const JsonLimits& limits) {
  return Parser(name, text, limits).parse();
}

std::string describe(const json& value) {
  switch (value.type()) {
    case json::value_t::null: return "null";
    case json::value_t::object: return "an object";
    case json::value_t::array: return "a list";
    case json::value_t::string:
      return "the string " + in_quotes(value.get_ref<const std::string&>());
    case json::value_t::boolean: return value.get<bool>() ? "true" : "false";
    default: return "the number " + printable(value.dump());
  }
}

}  // namespace albert
