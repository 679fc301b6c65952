#include "albert/base/json.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <vector>

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

// Json: nlohmann::json or ordered_json. `line`: the number of the only line, 0 for a whole file.
template <class Json>
class Parser {
 public:
  Parser(const std::string& name, std::string_view text, const JsonLimits& limits, int64_t line = 0)
      : name_(name), text_(text), limits_(limits), line_(line), reached_(text.data()) {}

  Json parse() {
    const char* end = text_.data() + text_.size();
    // The library takes a zero byte for the end of the text and would not look at what follows.
    if (const size_t zero = text_.find('\0'); zero != text_.npos) {
      reached_ = text_.data() + zero + 1;
      fail_here("a zero byte");
    }
    try {
      return Json::parse(Cursor{text_.data(), &reached_}, Cursor{end, &reached_},
                         [this](int, Event event, Json& parsed) { return check(event, parsed); });
    } catch (const json::exception& e) {
      fail_here(reason(e.what()));
    }
  }

 private:
  using Event = typename Json::parse_event_t;

  bool check(Event event, const Json& parsed) {
    switch (event) {
      case Event::object_start:
      case Event::array_start:
        if (keys_.size() == limits_.max_depth)
          fail_here("nested deeper than ", limits_.max_depth, " levels");
        keys_.emplace_back();
        break;
      case Event::object_end:
      case Event::array_end: keys_.pop_back(); break;
      case Event::key: {
        const auto& key = parsed.template get_ref<const std::string&>();
        if (!keys_.back().insert(key).second)
          fail_here("the key ", in_quotes(key), " is there twice");
        break;
      }
      case Event::value: break;
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
    const auto column = 1 + (end - line_start);
    fail(ErrorCode::kBadData, name_, ":", line_ > 0 ? line_ : line, ":", column, ": ", parts...);
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
  int64_t line_;
  const char* reached_;
  size_t values_ = 0;
  std::vector<std::unordered_set<std::string>> keys_;  // of every open object
};

}  // namespace

json parse_json(const std::string& name, std::string_view text, const JsonLimits& limits) {
  return Parser<json>(name, text, limits).parse();
}

nlohmann::ordered_json parse_ordered_json(const std::string& name, std::string_view text,
                                          const JsonLimits& limits) {
  return Parser<nlohmann::ordered_json>(name, text, limits).parse();
}

json parse_json_line(const std::string& name, int64_t line, std::string_view text) {
  return Parser<json>(name, text, {}, line).parse();
}

JsonView JsonView::at(const std::string& key) const {
  const auto found = object().raw().find(key);
  const std::string place = place_ + (nested_ ? "." : ": ") + printable(key);
  if (found == value_->end()) fail(ErrorCode::kBadData, place, ": is missing");
  return {place, true, *found};
}

std::optional<JsonView> JsonView::find(const std::string& key) const {
  const auto found = object().raw().find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return at(key);
}

JsonView JsonView::item(size_t index) const {
  ALBERT_CHECK(index < size(), "an item that the list has");
  return {place_ + (nested_ ? "[" : ": [") + std::to_string(index) + "]", true, (*value_)[index]};
}

size_t JsonView::size() const {
  if (!value_->is_array()) fail_wanted("a list");
  return value_->size();
}

const JsonView& JsonView::object() const {
  if (!value_->is_object()) fail_wanted("an object");
  return *this;
}

const std::string& JsonView::string() const {
  if (!value_->is_string()) fail_wanted("a string");
  return value_->get_ref<const std::string&>();
}

bool JsonView::boolean() const {
  if (!value_->is_boolean()) fail_wanted("true or false");
  return value_->get<bool>();
}

int64_t JsonView::integer() const {
  if (!value_->is_number_integer() ||
      (value_->is_number_unsigned() && value_->get<uint64_t>() > INT64_MAX))
    fail_wanted("an integer");
  return value_->get<int64_t>();
}

double JsonView::number() const {
  if (!value_->is_number()) fail_wanted("a number");
  return value_->get<double>();
}

std::string JsonView::string_or(const std::string& key, std::string otherwise) const {
  const auto found = find(key);
  return found ? found->string() : std::move(otherwise);
}

bool JsonView::boolean_or(const std::string& key, bool otherwise) const {
  const auto found = find(key);
  return found ? found->boolean() : otherwise;
}

int64_t JsonView::integer_or(const std::string& key, int64_t otherwise) const {
  const auto found = find(key);
  return found ? found->integer() : otherwise;
}

double JsonView::number_or(const std::string& key, double otherwise) const {
  const auto found = find(key);
  return found ? found->number() : otherwise;
}

void JsonView::fail_wanted(std::string_view wanted) const {
  fail_here("found ", describe(*value_), ", wanted ", wanted);
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
