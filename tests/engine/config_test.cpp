#include "albert/engine/model/config.h"

#include <nlohmann/json.hpp>

#include "tests/support/files.h"

namespace albert::testing {
namespace {

using nlohmann::json;

std::string with(const char* key, const json& value) {
  json j = json::parse(AlbertConfig().to_json());
  j[key] = value;
  return j.dump();
}

TEST(Config, DefaultsAreTransformers) {
  const AlbertConfig c = AlbertConfig::from_json("config.json", "{}");
  EXPECT_EQ(c.hidden_size, 4096);
  EXPECT_EQ(c.hidden_act, "gelu_new");
  EXPECT_EQ(c.num_labels(), 2);
  EXPECT_EQ(c.classifier_dropout_prob, 0.1);
}

TEST(Config, EveryKeyComesBackAndOthersAreKept) {
  json j = json::parse(AlbertConfig().to_json());
  j["num_hidden_groups"] = 3;
  j["classifier_dropout_prob"] = nullptr;
  j["id2label"] = {{"0", "no"}, {"1", "maybe"}, {"2", "yes"}};
  j["label2id"] = {{"no", 0}, {"maybe", 1}, {"yes", 2}};
  j["problem_type"] = "multi_label_classification";
  j["net_structure_type"] = 0;
  j["transformers_version"] = "5.23.0";
  std::vector<std::string> warnings;
  const AlbertConfig c = AlbertConfig::from_json("config.json", j.dump(), &warnings);
  EXPECT_TRUE(warnings.empty());
  EXPECT_EQ(c.id2label.at(1), "maybe");
  EXPECT_EQ(c.classifier_dropout_prob, std::nullopt);
  EXPECT_EQ(json::parse(c.to_json()), j);
}

TEST(Config, UnknownKeysAreNamedWithTheNearest) {
  std::vector<std::string> warnings;
  AlbertConfig::from_json("config.json", with("hiden_size", 3), &warnings);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0],
            "config.json: unknown key \"hiden_size\" (did you mean hidden_size?) is ignored");
}

TEST(Config, ManyUnknownKeysStayAFewLines) {
  json j = json::object();
  for (int i = 0; i < 1000; ++i) j["unknown_key_number_" + std::to_string(i)] = i;
  std::vector<std::string> warnings;
  AlbertConfig::from_json("config.json", j.dump(), &warnings);
  ASSERT_EQ(warnings.size(), 21U);
  EXPECT_EQ(warnings.back(), "config.json: 980 more unknown keys are ignored");
}

TEST(Config, LabelsThatDisagreeAreWarnedAbout) {
  const auto warnings_of = [](const json& j) {
    std::vector<std::string> warnings;
    AlbertConfig::from_json("config.json", j.dump(), &warnings);
    return warnings;
  };
  const json labels = {{"0", "no"}, {"1", "yes"}};
  EXPECT_TRUE(
      warnings_of({{"id2label", labels}, {"label2id", {{"no", 0}, {"yes", 1}}}, {"num_labels", 2}})
          .empty());
  EXPECT_EQ(warnings_of({{"id2label", labels}, {"label2id", {{"no", 1}, {"yes", 0}}}}).size(), 1U);
  EXPECT_EQ(warnings_of({{"id2label", labels}, {"label2id", {{"no", 0}}}}).size(), 1U);
  EXPECT_EQ(warnings_of({{"id2label", labels}, {"num_labels", 3}}).size(), 1U);
  EXPECT_EQ(AlbertConfig::from_json("config.json", R"({"num_labels": 3})").id2label.at(2),
            "LABEL_2");
}

TEST(Config, LabelsInAnotherEncodingAreNotWritten) {
  AlbertConfig c;
  c.id2label[1] = "caf\xe9";
  EXPECT_EQ(refusal_of([&] { (void)c.to_json(); }).code, ErrorCode::kBadData);
}

TEST(Config, WrongTypesAndImpossibleValuesAreRefusedByKey) {
  const std::vector<std::tuple<const char*, json, ErrorCode, const char*>> cases = {
      {"hidden_size", "768", ErrorCode::kBadData, "hidden_size: found"},
      {"hidden_size", 768.0, ErrorCode::kBadData, "wanted an integer"},
      {"hidden_size", true, ErrorCode::kBadData, "wanted an integer"},
      {"hidden_size", nullptr, ErrorCode::kBadData, "wanted an integer"},
      {"num_attention_heads", 0, ErrorCode::kMismatch, "num_attention_heads is 0"},
      {"num_attention_heads", 48, ErrorCode::kMismatch,
       "hidden_size 4096 is not a multiple of num_attention_heads 48"},
      {"vocab_size", -5, ErrorCode::kMismatch, "vocab_size is -5"},
      {"intermediate_size", 4611686018427387904, ErrorCode::kMismatch, "intermediate_size"},
      {"vocab_size", 18446744073709551615U, ErrorCode::kBadData, "vocab_size"},
      {"hidden_dropout_prob", 1.5, ErrorCode::kMismatch, "hidden_dropout_prob is 1.5"},
      {"hidden_act", "mish", ErrorCode::kMismatch, "gelu_new"},
      {"hidden_act", 3, ErrorCode::kBadData, "wanted a string"},
      {"position_embedding_type", "relative_key", ErrorCode::kMismatch, "position_embedding_type"},
      {"pruned_heads", {{"0", {1}}}, ErrorCode::kMismatch, "pruned_heads"},
      {"is_decoder", true, ErrorCode::kMismatch, "is_decoder"},
      {"model_type", "bert", ErrorCode::kMismatch, "model_type"},
      {"problem_type", "ranking", ErrorCode::kMismatch, "problem_type"},
      {"id2label", {{"0", "a"}, {"2", "b"}}, ErrorCode::kBadData, "id2label"},
      {"pad_token_id", 30000, ErrorCode::kMismatch, "pad_token_id is 30000"},
      {"label2id", {"a", "b"}, ErrorCode::kBadData, "label2id"},
      {"per_layer_config",
       {{"0", {{"hidden_act", "relu"}}}},
       ErrorCode::kMismatch,
       "per_layer_config"},
      {"quantization_config", {{"bits", 8}}, ErrorCode::kMismatch, "quantization_config"},
      {"hidden_size", 1 << 24, ErrorCode::kMismatch, "parameters"},
      {"architectures", "AlbertModel", ErrorCode::kBadData, "architectures"}};
  for (const auto& [key, value, code, says] : cases) {
    const Refusal r =
        refusal_of([&, k = key, v = value] { AlbertConfig::from_json("config.json", with(k, v)); });
    EXPECT_EQ(r.code, code) << key << ' ' << value;
    EXPECT_TRUE(r.says(says)) << r.what;
    EXPECT_EQ(r.what.rfind("config.json: ", 0), 0U) << r.what;
  }
}

TEST(Config, TheFuzzCorpusIsReadOrRefused) {
  size_t refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(ALBERT_SOURCE_DIR) +
                                                               "/tests/fuzz/corpus/config")) {
    try {
      AlbertConfig::from_json(entry.path().filename(), read_bytes(entry.path()));
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GE(refused, 12U);
}

TEST(Config, GooglesGeluIsTheTanhForm) {
  const TemporaryFolder folder;
  write_bytes(folder / "albert_config.json", with("hidden_act", "gelu"));
  write_bytes(folder / "config.json", with("hidden_act", "gelu"));
  EXPECT_EQ(AlbertConfig::from_file(folder / "albert_config.json").activation(),
            kernels::Activation::kGeluNew);
  EXPECT_EQ(AlbertConfig::from_file(folder / "config.json").activation(),
            kernels::Activation::kGelu);
  EXPECT_EQ(refusal_of([&] { AlbertConfig::from_file(folder / "none.json"); }).code,
            ErrorCode::kMissingInput);
}

TEST(Config, GroupsFollowTransformersRounding) {
  AlbertConfig c;
  const auto group = [&](int64_t layers, int64_t groups, int64_t layer) {
    c.num_hidden_layers = layers;
    c.num_hidden_groups = groups;
    return c.group_of_layer(layer);
  };
  EXPECT_EQ(group(12, 1, 11), 0);
  EXPECT_EQ(group(12, 12, 7), 7);
  EXPECT_EQ(group(22, 22, 15), 15);  // albert.md 2.2: Google's expression gives 14 here
  EXPECT_EQ(group(18, 14, 9), 6);    // and 7 here
}

}  // namespace
}  // namespace albert::testing
