#include "albert/engine/weights/tf_table.h"

#include "tests/support/files.h"
#include "tests/support/tf_bundles.h"

namespace albert::testing {
namespace {

using Entries = std::map<std::string, std::string>;
using Blocks = std::vector<std::pair<std::string, std::string>>;  // keys and handles

Entries read(const std::string& table) {
  Entries entries;
  read_table(placed("t", table), [&](std::string_view key, std::span<const std::byte> value) {
    entries.emplace(key, std::string(reinterpret_cast<const char*>(value.data()), value.size()));
  });
  return entries;
}
Refusal refusal_of_table(const std::string& table) {
  return refusal_of([&] { read(table); });
}

Entries sample() {
  Entries entries{{"", "first"}, {std::string("\0\xff", 2), "raw"}};
  for (int i = 0; i < 300; ++i)
    entries["bert/encoder/layer_" + std::to_string(i)] = std::string(static_cast<size_t>(i), 'v');
  return entries;
}

TEST(TfTable, ComesBackFromBlocksOfEverySizeAndKind) {
  for (const bool snappy : {false, true})
    for (const size_t block_bytes : {1, 100, 4096, 1 << 20})
      for (const size_t restart : {1, 16, 1000})
        ASSERT_EQ(read(table_of(sample(), {block_bytes, restart, snappy})), sample())
            << snappy << ' ' << block_bytes << ' ' << restart;
  EXPECT_TRUE(read(table_of({})).empty());
}

TEST(TfTable, EveryTruncationAndEveryFlippedBitIsRefused) {
  const Entries entries{{"a", "1"}, {"ab", "2"}, {"b", "3"}};
  for (const bool snappy : {false, true}) {
    const std::string table = table_of(entries, {8, 16, snappy});
    for (size_t n = 0; n < table.size(); ++n)
      ASSERT_EQ(refusal_of_table(table.substr(0, n)).code, ErrorCode::kBadData) << n;
    for (size_t bit = 0; bit < 8 * table.size(); ++bit) {
      std::string flipped = table;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      try {
        ASSERT_EQ(read(flipped), entries);  // where the bit is of no use, as in the footer's fill
      } catch (const Error& e) {
        ASSERT_EQ(e.code(), ErrorCode::kBadData);
      }
    }
  }
}

TEST(TfTable, AWrongChecksumIsToldWithItsPlace) {
  std::string table = table_of({{"a", "value"}});
  ++table[table.find("value")];
  const Refusal r = refusal_of_table(table);
  EXPECT_TRUE(r.says("t: byte 0: found checksum ") && r.says(" of a block, wanted ")) << r.what;
}

TEST(TfTable, BlocksThatOverlapOrComeAgainAreRefused) {
  TableWriter writer;
  const std::string first = writer.block(writer.contents({{"a", "1"}}));
  const std::string second = writer.block(writer.contents({{"b", "2"}}));
  for (const auto& [one, other] : {std::pair{first, first}, std::pair{second, first}}) {
    TableWriter copy = writer;
    const Refusal r = refusal_of_table(copy.finish({{"a", one}, {"b", other}}));
    EXPECT_TRUE(r.says("t: index: byte 2: found a block at byte 0 of the file, wanted it behind"))
        << r.what;
  }
  EXPECT_EQ(read(writer.finish({{"a", first}, {"b", second}})).size(), 2U);
}

TEST(TfTable, KeysOutOfOrderAndLyingLengthsAreRefused) {
  const auto refusal = [](const std::string& block) {
    TableWriter writer;
    return refusal_of_table(writer.finish({{"z", writer.block(block)}}));
  };
  const std::string no_restarts = number32(0);
  TableWriter writer;
  EXPECT_TRUE(
      refusal(writer.contents({{"b", ""}, {"a", ""}})).says("is not behind the one before"));
  EXPECT_TRUE(
      refusal(writer.contents({{"a", ""}, {"a", ""}})).says("is not behind the one before"));
  EXPECT_TRUE(refusal(varint(1) + varint(0) + varint(0) + no_restarts)
                  .says("found a key that shares 1 bytes with one of 0"));
  EXPECT_TRUE(refusal(varint(0) + varint(1 << 20) + varint(0) + no_restarts)
                  .says("found a key of over 4096 bytes"));
  EXPECT_TRUE(refusal(varint(0) + varint(1) + varint(uint64_t{1} << 60) + "a" + no_restarts)
                  .says("a value needs 1152921504606846976 bytes, 0 are left"));
  EXPECT_TRUE(refusal("").says("found a block of 0 bytes, wanted 4 or more"));
  EXPECT_TRUE(refusal(number32(7)).says("found 7 restarts in a block of 4 bytes"));
  EXPECT_TRUE(refusal(std::string(11, '\xff') + no_restarts).says("a number of over 10 bytes"));
}

TEST(TfTable, KeysAscendOverBlocks) {
  TableWriter writer;
  const Blocks blocks{{"b", writer.block(writer.contents({{"b", ""}}))},
                      {"c", writer.block(writer.contents({{"a", ""}}))}};
  EXPECT_TRUE(refusal_of_table(writer.finish(blocks)).says("is not behind the one before"));
}

TEST(TfTable, ASnappyBlockThatLiesAboutItsSizeTakesNoMemory) {
  // The length of 2 GiB, and a literal of one byte.
  const std::string lie = varint(uint64_t{2} << 30) + std::string("\x00x", 2) + '\x01';
  const std::string block = lie + number32(masked_crc32c(crc32c(bytes_of(lie))));
  TableWriter writer;
  const std::string index = writer.contents({{"a", varint(0) + varint(lie.size() - 1)}});
  std::string table = block;
  const auto append = [&](const std::string& contents) {
    const std::string stored = contents + '\0';
    const std::string handle = varint(table.size()) + varint(contents.size());
    table += stored + number32(masked_crc32c(crc32c(bytes_of(stored))));
    return handle;
  };
  std::string footer = append(writer.contents({}));
  footer += append(index);
  footer.resize(40, '\0');
  table += footer + number32(0x8b80fb57) + number32(0xdb477524);
  EXPECT_TRUE(refusal_of_table(table).says("found a block of 2147483648 uncompressed bytes"));
}

}  // namespace
}  // namespace albert::testing
