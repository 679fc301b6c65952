#include "albert/tokenizer/pipeline/post_processor.h"

#include <string>

#include "albert/base/json.h"
#include "albert/base/printable.h"

namespace albert {
namespace {

using Item = SequenceTemplate::Item;
using Kind = Item::Kind;

int32_t read_id(const JsonView& value, int64_t size) {
  const int64_t id = value.integer();
  if (id < 0 || id >= size) value.fail_wanted("an id below " + std::to_string(size));
  return static_cast<int32_t>(id);
}

int32_t read_type(const JsonView& piece) {
  const JsonView type = piece.at("type_id");
  if (type.integer() < 0 || type.integer() > INT32_MAX) type.fail_wanted("a type from 0 up");
  return static_cast<int32_t>(type.integer());
}

Item read_item(const JsonView& item, const JsonView& specials, int64_t size) {
  if (const auto sequence = item.find("Sequence")) {
    const JsonView id = sequence->at("id");
    if (id.string() != "A" && id.string() != "B") id.fail_wanted(one_of({"A", "B"}));
    return {id.string() == "A" ? Kind::kText : Kind::kPair, read_type(*sequence)};
  }
  const JsonView special = item.at("SpecialToken");
  Item result{Kind::kSpecial, read_type(special)};
  const JsonView ids = specials.at(special.at("id").string()).at("ids");
  for (size_t i = 0; i < ids.size(); ++i) result.ids.push_back(read_id(ids.item(i), size));
  return result;
}

std::vector<Item> read_items(const JsonView& list, const JsonView& specials, int64_t size) {
  std::vector<Item> items;
  for (size_t i = 0; i < list.size(); ++i) items.push_back(read_item(list.item(i), specials, size));
  return items;
}

}  // namespace

SequenceTemplate read_post_processor(const JsonView& step, int64_t size) {
  const JsonView type = step.at("type");
  if (type.string() == "Sequence" && step.at("processors").size() == 1)
    return read_post_processor(step.at("processors").item(0), size);
  if (type.string() == "BertProcessing")
    return SequenceTemplate::of(read_id(step.at("cls").item(1), size),
                                read_id(step.at("sep").item(1), size));
  if (type.string() != "TemplateProcessing")
    type.fail_wanted(one_of({"TemplateProcessing", "BertProcessing"}));
  const JsonView specials = step.at("special_tokens");
  return {read_items(step.at("single"), specials, size),
          read_items(step.at("pair"), specials, size)};
}

}  // namespace albert
