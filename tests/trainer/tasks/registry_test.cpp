#include "albert/trainer/tasks/registry.h"

#include <map>
#include <set>

#include "tests/support/classifiers.h"
#include "tests/support/files.h"

namespace albert::testing {
namespace {

TEST(Registry, EveryTaskIsOfAKindAndItsSettingsAreOptionsOfIt) {
  std::set<std::string> names;
  for (const TaskSpec& task : tasks()) {
    EXPECT_TRUE(names.insert(task.name).second) << task.name;
    const TaskKind& kind = kind_of(task);
    for (const auto& [name, value] : task.settings) {
      const TaskOption* option = kind.training.find(name);
      ASSERT_TRUE(option) << task.name << " " << name;
      EXPECT_EQ(option->value.index(), value.index()) << task.name << " " << name;
    }
  }
}

TEST(Registry, AnOptionIsOfOneTypeInAllKinds) {
  for (const auto stage : {&TaskKind::training, &TaskKind::prediction, &TaskKind::scoring}) {
    std::map<std::string, size_t> types;
    for (const TaskKind& kind : task_kinds())
      for (const TaskOption& option : (kind.*stage).all())
        EXPECT_EQ(types.emplace(option.name, option.value.index()).first->second,
                  option.value.index())
            << option.name;
  }
}

TEST(Registry, AModelIsOfTheKindThatItsConfigNames) {
  const TemporaryFolder folder;
  const auto kind = [&](const std::vector<std::string>& architectures) {
    AlbertConfig config = small_config();
    config.architectures = architectures;
    write_bytes(folder / "config.json", config.to_json());
    return kind_of_model(folder.path()).name;
  };
  EXPECT_EQ(kind({"AlbertForSequenceClassification"}), "classification");
  EXPECT_EQ(kind({}), "classification");
  EXPECT_EQ(kind({"AlbertForQuestionAnswering"}), "span");
  EXPECT_EQ(kind({"AlbertForQuestionAnsweringBeamSearch"}), "span");
  EXPECT_EQ(kind({"AlbertForMaskedLM", "AlbertForTokenClassification"}), "tagging");
  for (const char* like : {"AlbertForQuestionAnsweringSimple", "AlbertForSequenceClassificationV2",
                           "AlbertForQuestion", ""})
    EXPECT_EQ(refusal_of([&] { kind({like}); }).code, ErrorCode::kMismatch) << like;
  const Refusal r = refusal_of([&] { kind({"AlbertForMaskedLM"}); });
  EXPECT_EQ(r.code, ErrorCode::kMismatch);
  EXPECT_TRUE(r.says("architectures: found AlbertForMaskedLM, wanted ")) << r.what;
  EXPECT_EQ(refusal_of([&] { kind_of_model(folder / "none"); }).code, ErrorCode::kMissingInput);
}

TEST(Registry, UnknownTasksAreNamedWithTheNearest) {
  const Refusal r = refusal_of([] { task_named("sst3"); });
  EXPECT_EQ(r.code, ErrorCode::kUsage);
  EXPECT_TRUE(r.says("did you mean sst2?")) << r.what;
}

}  // namespace
}  // namespace albert::testing
