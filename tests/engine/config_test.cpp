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

// transformers keeps label names of any type: people write {"0": 0, "1": 1}.
TEST(Config, LabelNamesMayBeNumbersOrNull) {
  std::vector<std::string> warnings;
  const auto read = [&](const char* text) {
    warnings.clear();
    return AlbertConfig::from_json("config.json", text, &warnings).id2label;
  };
  using Labels = std::map<int64_t, std::string>;
  EXPECT_EQ(read(R"({"id2label": {"0": 0, "1": 1}, "label2id": {"0": 0, "1": 1}})"),
            (Labels{{0, "0"}, {1, "1"}}));
  EXPECT_EQ(warnings, std::vector<std::string>{});
  EXPECT_EQ(read(R"({"id2label": {"0": -1, "1": 0.5, "2": true}})"),
            (Labels{{0, "-1"}, {1, "0.5"}, {2, "true"}}));
  EXPECT_EQ(read(R"({"id2label": {"0": null}, "label2id": {"null": 0}})"),
            (Labels{{0, "LABEL_0"}}));
  EXPECT_EQ(warnings, std::vector<std::string>{
                          "config.json: id2label[0] is null; the label is called LABEL_0"});
  EXPECT_EQ(read(R"({"id2label": null, "num_labels": 3})").size(), 3U);
}

TEST(Config, OddButLegalValuesAreRead) {
  std::vector<std::string> warnings;
  const AlbertConfig c = AlbertConfig::from_json("config.json", R"({
    "hidden_size": 768.0, "num_attention_heads": 12, "layer_norm_eps": 0, "initializer_range": 1,
    "hidden_dropout_prob": 0, "classifier_dropout_prob": null, "output_attentions": null,
    "architectures": null, "problem_type": null, "pad_token_id": null, "eos_token_id": [3, 4],
    "torch_dtype": "float16", "dtype": "bfloat16", "model_type": null, "layers_to_keep": [],
    "position_embedding_type": "absolute", "hidden_act": "gelu_accurate", "pruned_heads": {},
    "_num_labels": 2})",
                                                 &warnings);
  EXPECT_EQ(c.hidden_size, 768);
  EXPECT_EQ(c.eos_token_id, 3);
  EXPECT_EQ(c.pad_token_id, std::nullopt);
  EXPECT_EQ(c.classifier_dropout_prob, std::nullopt);
  EXPECT_FALSE(c.output_attentions);
  EXPECT_EQ(c.activation(), kernels::Activation::kGeluNew);
  EXPECT_EQ(warnings,
            std::vector<std::string>{"config.json: eos_token_id: the first of 2 ids counts"});
}

TEST(Config, LabelsInAnotherEncodingAreNotWritten) {
  AlbertConfig c;
  c.id2label[1] = "caf\xe9";
  EXPECT_EQ(refusal_of([&] { (void)c.to_json(); }).code, ErrorCode::kBadData);
}

TEST(Config, WrongTypesAndImpossibleValuesAreRefusedByKey) {
  const std::vector<std::tuple<const char*, json, ErrorCode, const char*>> cases = {
      {"hidden_size", "768", ErrorCode::kBadData, "hidden_size: found"},
      {"hidden_size", 768.5, ErrorCode::kBadData, "wanted an integer"},
      {"hidden_size", 1e300, ErrorCode::kBadData, "wanted an integer"},
      {"hidden_size", true, ErrorCode::kBadData, "wanted an integer"},
      {"hidden_size", nullptr, ErrorCode::kBadData, "wanted an integer"},
      {"num_attention_heads", 0, ErrorCode::kMismatch, "num_attention_heads: found 0, wanted 1 to"},
      {"num_attention_heads", 48, ErrorCode::kMismatch,
       "hidden_size: found 4096, wanted a multiple of num_attention_heads (48)"},
      {"vocab_size", -5, ErrorCode::kMismatch, "vocab_size: found -5"},
      {"intermediate_size", 4611686018427387904, ErrorCode::kMismatch, "intermediate_size"},
      {"vocab_size", 18446744073709551615U, ErrorCode::kBadData, "vocab_size"},
      {"hidden_dropout_prob", 1.5, ErrorCode::kMismatch,
       "hidden_dropout_prob: found 1.5, wanted at least 0 and below 1"},
      {"hidden_act", "mish", ErrorCode::kMismatch,
       "hidden_act: found \"mish\", wanted one of gelu"},
      {"hidden_act", 3, ErrorCode::kBadData, "wanted a string"},
      {"position_embedding_type", "relative_key", ErrorCode::kMismatch,
       "position_embedding_type: found \"relative_key\", wanted \"absolute\""},
      {"pruned_heads", {{"0", {1}}}, ErrorCode::kMismatch, "pruned_heads"},
      {"is_decoder", true, ErrorCode::kMismatch, "is_decoder: found true, wanted false"},
      {"model_type", "bert", ErrorCode::kMismatch, "model_type: found \"bert\", wanted \"albert\""},
      {"problem_type", "ranking", ErrorCode::kMismatch,
       "problem_type: found \"ranking\", wanted one of regression, "},
      {"id2label",
       {{"0", "a"}, {"2", "b"}},
       ErrorCode::kBadData,
       "id2label: found 2 labels but no 1, wanted the numbers 0 to 1"},
      {"id2label", {{"0", "a"}, {"00", "b"}}, ErrorCode::kBadData, "id2label: found 0 twice"},
      {"id2label",
       {{"zero", "a"}},
       ErrorCode::kBadData,
       "id2label: found the key \"zero\", wanted a number"},
      {"id2label", {{"0", {"a"}}}, ErrorCode::kBadData, "id2label[0]: found"},
      {"num_labels", 0, ErrorCode::kMismatch, "num_labels: found 0, wanted 1 to"},
      {"eos_token_id", json::array(), ErrorCode::kBadData, "eos_token_id: found"},
      {"pad_token_id", 30000, ErrorCode::kMismatch,
       "pad_token_id: found 30000, wanted null or 0 to 29999"},
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

TEST(Config, AFolderIsDescribedByItsConfigOrElseByGoogles) {
  const TemporaryFolder folder;
  Refusal r = refusal_of([&] { AlbertConfig::from_folder(folder.path()); });
  EXPECT_EQ(r.code, ErrorCode::kMissingInput);
  EXPECT_TRUE(r.says(": found no model, wanted config.json or albert_config.json")) << r.what;
  r = refusal_of([&] { AlbertConfig::from_folder(folder / "none"); });
  EXPECT_TRUE(r.says("none: no such folder")) << r.what;
  write_bytes(folder / "albert_config.json", with("hidden_act", "gelu"));
  EXPECT_EQ(AlbertConfig::from_folder(folder.path()).hidden_act, "gelu_new");
  EXPECT_EQ(AlbertConfig::from_pretrained(folder.path()).hidden_act, "gelu_new");
  write_bytes(folder / "config.json", with("hidden_act", "relu"));
  EXPECT_EQ(AlbertConfig::from_folder(folder.path()).hidden_act, "relu");
  EXPECT_EQ(AlbertConfig::from_pretrained(folder / "config.json").hidden_act, "relu");
  write_bytes(folder / "config.json", with("hidden_size", -1));
  r = refusal_of([&] { AlbertConfig::from_folder(folder.path()); });
  EXPECT_EQ(r.what,
            (folder / "config.json").string() + ": hidden_size: found -1, wanted 1 to 16777216");
}

TEST(Config, ValuesOfTheProgramAreCheckedToo) {
  AlbertConfig c;
  c.hidden_size = 30;
  c.num_attention_heads = 4;
  EXPECT_EQ(refusal_of([&] { c.validate(); }).what,
            "config: hidden_size: found 30, wanted a multiple of num_attention_heads (4)");
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
  EXPECT_EQ(group(22, 22, 15), 15);  // Google's expression gives 14 here
  EXPECT_EQ(group(18, 14, 9), 6);    // and 7 here
}

TEST(Config, ABlockOfASpeechModelIsReadInItsPlace) {
  const AlbertConfig config =
      AlbertConfig::from_json("config.json", R"({"n_token": 178, "hidden_dim": 512,
      "plbert": {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 2048}})");
  EXPECT_EQ(config.vocab_size, 178);
  EXPECT_EQ(config.hidden_size, 768);
  EXPECT_EQ(config.intermediate_size, 2048);
}

}  // namespace
}  // namespace albert::testing
