// The opcodes of Python's pickletools that a dictionary of tensors is written in.
#include "albert/engine/weights/torch_pickle.h"

#include <unordered_map>

#include "albert/engine/weights/torch_globals.h"

namespace albert {
namespace {

using Kind = PickleKind;

enum Op : uint8_t {
  kProto = 0x80,
  kStop = '.',
  kFrame = 0x95,
  kMark = '(',
  kNone = 'N',
  kFalse = 0x89,
  kTrue = 0x88,
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8a,
  kBinFloat = 'G',
  kShortText = 'U',  // a str of Python 2
  kText = 'T',
  kUnicode = 'X',
  kShortUnicode = 0x8c,
  kUnicode8 = 0x8d,
  kShortBytes = 'C',
  kBytes = 'B',
  kEmptyTuple = ')',
  kTuple = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kEmptyList = ']',
  kAppend = 'a',
  kAppends = 'e',
  kEmptyDict = '}',
  kSetItem = 's',
  kSetItems = 'u',
  kGet = 'h',
  kLongGet = 'j',
  kPut = 'q',
  kLongPut = 'r',
  kMemoize = 0x94,
  kGlobal = 'c',
  kStackGlobal = 0x93,
  kReduce = 'R',
  kBuild = 'b',
  kPersistentId = 'Q',
};

constexpr uint64_t kPerPush = 2 * sizeof(PickleValue), kPerMemo = 96;
constexpr uint8_t kFirstProtocol = 2, kLastProtocol = 5;

class Machine {
 public:
  Machine(ByteReader& reader, PickleValues& values) : reader_(reader), values_(values) {}

  PickleValue run() {
    if (reader_.u8("a pickle") != kProto)
      reader_.fail_here("found no pickle of protocol 2 or later");
    check_protocol();
    for (uint8_t op = reader_.u8("an opcode"); op != kStop; op = reader_.u8("an opcode"))
      if (!constant(op) && !text(op) && !tuple(op) && !fill(op) && !memo(op) && !torch(op))
        fail_at(op);
    const PickleValue value = pop();
    if (!stack_.empty() || !marks_.empty())
      reader_.fail_here("found values behind the pickle's own, wanted one");
    return value;
  }

 private:
  [[noreturn]] void fail_at(uint8_t op) const {
    constexpr const char* kHex = "0123456789abcdef";
    reader_.fail_here("found the opcode 0x", kHex[op >> 4], kHex[op & 15],
                      ", wanted those of a dictionary of tensors");
  }
  void check_protocol() {
    const uint8_t protocol = reader_.u8("protocol");
    if (protocol < kFirstProtocol || protocol > kLastProtocol)
      reader_.fail_here("found protocol ", int{protocol}, ", wanted 2 to 5");
  }

  void push(PickleValue value) {
    values_.charge(reader_, kPerPush);
    stack_.push_back(value);
  }
  // Values below the last mark belong to what is gathered there.
  PickleValue pop() {
    if (stack_.size() <= floor()) reader_.fail_here("found an opcode without its operand");
    const PickleValue value = stack_.back();
    stack_.pop_back();
    return value;
  }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleValue& top() {
    if (stack_.size() <= floor()) reader_.fail_here("found an opcode without its operand");
    return stack_.back();
  }
  std::vector<PickleValue> pop_to_mark() {
    if (marks_.empty()) reader_.fail_here("found an opcode without its mark");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleValue> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  std::vector<PickleValue> pop_many(size_t n) {
    std::vector<PickleValue> items(n);
    for (size_t i = n; i > 0; --i) items[i - 1] = pop();
    return items;
  }

  bool constant(uint8_t op) {
    switch (op) {
      case kProto: check_protocol(); return true;
      case kFrame: reader_.u64("a frame's length"); return true;
      case kNone: push({}); return true;
      case kFalse: push({Kind::kBool, 0}); return true;
      case kTrue: push({Kind::kBool, 1}); return true;
      case kBinInt:
        push({Kind::kInt, static_cast<int32_t>(reader_.u32("an integer"))});
        return true;
      case kBinInt1: push({Kind::kInt, reader_.u8("an integer")}); return true;
      case kBinInt2: {
        const uint16_t low = reader_.u8("an integer");
        push({Kind::kInt, low | reader_.u8("an integer") << 8});
        return true;
      }
      case kLong1: push(long_integer()); return true;
      case kBinFloat:
        reader_.u64("a float");
        push({Kind::kOther, 0});
        return true;
      default: return false;
    }
  }
  // Little-endian in two's complement, of any length.
  PickleValue long_integer() {
    const auto bytes = reader_.bytes(reader_.u8("an integer's length"), "an integer");
    if (bytes.size() > sizeof(int64_t)) return {Kind::kOther, 0};
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size(); ++i)
      value |= std::to_integer<uint64_t>(bytes[i]) << (8 * i);
    const bool negative = !bytes.empty() && (std::to_integer<uint8_t>(bytes.back()) & 0x80) != 0;
    if (negative && bytes.size() < sizeof(int64_t)) value |= ~uint64_t{0} << (8 * bytes.size());
    return {Kind::kInt, static_cast<int64_t>(value)};
  }

  bool text(uint8_t op) {
    switch (op) {
      case kShortText:
      case kShortUnicode: push_text(reader_.u8("a text's length")); return true;
      case kText:
      case kUnicode: push_text(reader_.u32("a text's length")); return true;
      case kUnicode8: push_text(reader_.u64("a text's length")); return true;
      case kShortBytes: push_bytes(reader_.u8("a length")); return true;
      case kBytes: push_bytes(reader_.u32("a length")); return true;
      default: return false;
    }
  }
  void push_text(uint64_t n) { push(values_.text(reader_, reader_.text(n, "a text"))); }
  void push_bytes(uint64_t n) {
    reader_.bytes(n, "bytes");
    push({Kind::kOther, 0});
  }

  bool tuple(uint8_t op) {
    switch (op) {
      case kMark:
        values_.charge(reader_, kPerPush);
        marks_.push_back(stack_.size());
        return true;
      case kEmptyTuple: push_list(Kind::kTuple, {}); return true;
      case kTuple: push_list(Kind::kTuple, pop_to_mark()); return true;
      case kTuple1:
      case kTuple2:
      case kTuple3: push_list(Kind::kTuple, pop_many(size_t{op} - kTuple1 + 1)); return true;
      case kEmptyList: push_list(Kind::kList, {}); return true;
      case kEmptyDict: push_list(Kind::kDict, {}); return true;
      default: return false;
    }
  }
  void push_list(Kind kind, std::vector<PickleValue> items) {
    push(values_.list(reader_, kind, std::move(items)));
  }

  bool fill(uint8_t op) {
    switch (op) {
      case kAppend: append(Kind::kList, pop_many(1)); return true;
      case kAppends: append(Kind::kList, pop_to_mark()); return true;
      case kSetItem: append(Kind::kDict, pop_many(2)); return true;
      case kSetItems: append(Kind::kDict, pop_to_mark()); return true;
      default: return false;
    }
  }
  void append(Kind to, const std::vector<PickleValue>& items) {
    const PickleValue list = top();
    if (list.kind != to)
      reader_.fail_here("found items for ", name_of(list.kind), ", wanted ", name_of(to));
    if (to == Kind::kDict && items.size() % 2 != 0)
      reader_.fail_here("found a key without its value");
    values_.append(reader_, list, items);
  }

  bool memo(uint8_t op) {
    switch (op) {
      case kPut: put(reader_.u8("a memo's number")); return true;
      case kLongPut: put(reader_.u32("a memo's number")); return true;
      case kMemoize: put(static_cast<uint32_t>(memo_.size())); return true;
      case kGet: get(reader_.u8("a memo's number")); return true;
      case kLongGet: get(reader_.u32("a memo's number")); return true;
      default: return false;
    }
  }
  void put(uint32_t number) {
    values_.charge(reader_, kPerMemo);
    memo_[number] = top();
  }
  void get(uint32_t number) {
    const auto found = memo_.find(number);
    if (found == memo_.end()) reader_.fail_here("found no memo ", number);
    push(found->second);
  }

  bool torch(uint8_t op) {
    switch (op) {
      case kGlobal: {
        const auto module = reader_.line("a module"), name = reader_.line("a name");
        push(torch_global(reader_, module, name));
        return true;
      }
      case kStackGlobal: stack_global(); return true;
      case kReduce: {
        const PickleValue arguments = pop(), global = pop();
        push(torch_call(reader_, values_, global, arguments));
        return true;
      }
      case kPersistentId: push(torch_storage(reader_, values_, pop())); return true;
      case kBuild: build(); return true;
      default: return false;
    }
  }
  void stack_global() {
    const PickleValue name = pop(), module = pop();
    if (name.kind != Kind::kText || module.kind != Kind::kText)
      reader_.fail_here("found a global without a name");
    push(torch_global(reader_, values_.text_of(module), values_.text_of(name)));
  }
  // An OrderedDict's or tensor's attributes, such as the _metadata of a state_dict().
  void build() {
    const PickleValue state = pop(), object = top();
    if (object.kind != Kind::kDict && object.kind != Kind::kTensor)
      reader_.fail_here("found attributes of ", name_of(object.kind), ", wanted those of a tensor");
    if (state.kind != Kind::kDict)
      reader_.fail_here("found ", name_of(state.kind), " as attributes, wanted a dictionary");
  }

  ByteReader& reader_;
  PickleValues& values_;
  std::vector<PickleValue> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, PickleValue> memo_;
};

}  // namespace

PickleValue read_torch_pickle(ByteReader& reader, PickleValues& values) {
  return Machine(reader, values).run();
}

}  // namespace albert
