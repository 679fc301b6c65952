#include <set>

#include "albert/base/printable.h"
#include "albert/engine/weights/torch_layout.h"

namespace albert {
namespace {

constexpr size_t kMaxDepth = 16, kMaxName = 4096;
constexpr uint64_t kPerDict = 96, kPerTensor = 384;

class TensorNames {
 public:
  TensorNames(const ByteReader& place, PickleValues& values) : place_(place), values_(values) {}

  // A dictionary that several others hold is looked into once, so that the work is that of the
  // file's size, and one that holds itself does no harm.
  void add(PickleValue dict, const std::string& path, size_t depth) {
    if (!seen_.insert(dict.number).second) return;
    values_.charge(place_, kPerDict);
    if (depth > kMaxDepth)
      place_.fail_here("found dictionaries more than ", kMaxDepth,
                       " deep, wanted a dictionary of tensors");
    const auto& items = values_.items_of(dict);
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      const PickleValue value = items[i + 1];
      if (value.kind == PickleKind::kTensor) add_tensor(path + key_of(items[i]), value);
      if (value.kind == PickleKind::kDict) add(value, path + key_of(items[i]) + '.', depth + 1);
    }
  }
  std::map<std::string, TorchTensor> take() { return std::move(tensors_); }

 private:
  std::string key_of(PickleValue key) const {
    if (key.kind == PickleKind::kInt) return std::to_string(key.number);
    if (key.kind != PickleKind::kText)
      place_.fail_here("found ", name_of(key.kind), " as a name, wanted a text");
    const std::string_view text = values_.text_of(key);
    if (text.size() > kMaxName)
      place_.fail_here("found a name of ", text.size(), " bytes, wanted at most ", kMaxName);
    return std::string(text);
  }
  void add_tensor(const std::string& name, PickleValue tensor) {
    if (name.empty() || name.size() > kMaxName || printable(name, kMaxName) != name)
      place_.fail_here("tensor ", in_quotes(name), ": a name is 1 to ", kMaxName,
                       " bytes of UTF-8 without control characters");
    values_.charge(place_, kPerTensor + name.size());
    if (!tensors_.emplace(name, values_.torch_tensor(tensor)).second)
      place_.fail_here("found two tensors ", in_quotes(name), ", wanted one");
  }

  const ByteReader& place_;
  PickleValues& values_;
  std::set<int64_t> seen_;
  std::map<std::string, TorchTensor> tensors_;
};

}  // namespace

std::map<std::string, TorchTensor> named_tensors(const ByteReader& place, PickleValues& values,
                                                 PickleValue root) {
  if (root.kind != PickleKind::kDict)
    place.fail_here("found ", name_of(root.kind), ", wanted a dictionary of tensors");
  TensorNames names(place, values);
  names.add(root, "", 0);
  auto tensors = names.take();
  if (tensors.empty()) place.fail_here("found no tensor, wanted a dictionary of tensors");
  return tensors;
}

}  // namespace albert
