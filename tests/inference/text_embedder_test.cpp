#include "albert/inference/text_embedder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/golden_embeddings.h"

namespace albert::testing {
namespace {

const std::string kGolden = ALBERT_GOLDEN_DIR;
const ModelOptions kOneThread{.backend = {.threads = 1}};

class Embedders : public ::testing::Test {
 protected:
  TextEmbedder model(const TextEmbedderOptions& options = {}) {
    copy_model(kGolden, folder.path());
    return TextEmbedder::from_pretrained(folder.path(), kOneThread, options);
  }
  // Writes a module's file over a folder of sentence-transformers, and what refuses it.
  Refusal refusal_with(const std::string& file, const std::string& json) {
    write_case(kGolden, case_named("Tanh"), folder.path());
    write_bytes(folder.path() / file, json);
    return refusal_of([&] { TextEmbedder::from_pretrained(folder.path(), kOneThread); });
  }
  nlohmann::json case_named(const std::string& name) {
    for (const auto& one : golden.at("cases"))
      if (one.at("name") == name) return one;
    throw std::runtime_error(name);
  }

  TemporaryFolder folder;
  const nlohmann::json golden = golden_embeddings(kGolden);
  const std::vector<std::string> texts = golden.at("texts").get<std::vector<std::string>>();
};

void expect_equal(const HostTensor& found, const HostTensor& wanted, double tolerance = 1e-5) {
  ASSERT_EQ(found.shape(), wanted.shape());
  for (int64_t i = 0; i < wanted.size(); ++i)
    ASSERT_NEAR(found.at<float>(i), wanted.at<float>(i), tolerance) << i;
}

TEST_F(Embedders, FoldersOfSentenceTransformersGiveItsEmbeddings) {
  ASSERT_GE(golden.at("cases").size(), 18U);
  for (const auto& one : golden.at("cases")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    TemporaryFolder of_case;
    write_case(kGolden, one, of_case.path());
    auto embedder = TextEmbedder::from_pretrained(of_case.path(), kOneThread, {.batch_tokens = 20});
    expect_equal(embedder.embed(texts), matrix_of(one.at("embeddings")));
    if (one.contains("query"))
      expect_equal(embedder.embed(texts, embedder.query_prompt()), matrix_of(one.at("query")));
  }
}

TEST_F(Embedders, WhatIsSavedGivesTheSameEmbeddings) {
  for (const auto& one : golden.at("cases")) {
    SCOPED_TRACE(one.at("name").get<std::string>());
    TemporaryFolder of_case;
    write_case(kGolden, one, of_case.path());
    const auto embedder = TextEmbedder::from_pretrained(of_case.path(), kOneThread);
    embedder.save_pretrained(of_case.path() / "s");
    auto saved = TextEmbedder::from_pretrained(of_case.path() / "s", kOneThread);
    expect_equal(saved.embed(texts), matrix_of(one.at("embeddings")));
    EXPECT_EQ(saved.modules().prompts, embedder.modules().prompts);
    EXPECT_EQ(saved.max_seq_length(), embedder.max_seq_length());
  }
}

TEST_F(Embedders, OlderReleasesKeepTheModelInAFolderOfItsOwn) {
  using nlohmann::json;
  const json one = case_named("Tanh");
  write_case(kGolden, one, folder.path());
  std::filesystem::create_directory(folder.path() / "0_Transformer");
  for (const char* file : {"config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt",
                           "sentence_bert_config.json"})
    std::filesystem::rename(folder / file, folder.path() / "0_Transformer" / file);
  const auto module = [](const std::string& path, const std::string& type) {
    return json{{"path", path}, {"type", "sentence_transformers.models." + type}};
  };
  write_bytes(folder / "modules.json",
              json{module("0_Transformer", "Transformer"), module("1_Pooling", "Pooling"),
                   module("9_Dropout", "Dropout"), module("2_Dense", "Dense"),
                   module("3_Normalize", "Normalize")}
                  .dump());
  std::filesystem::remove_all(folder.path() / "3_Normalize");
  write_bytes(folder.path() / "1_Pooling" / "config.json",
              json{{"word_embedding_dimension", 12}, {"pooling_mode_mean_tokens", true}}.dump());
  auto embedder = TextEmbedder::from_pretrained(folder.path(), kOneThread);
  expect_equal(embedder.embed(texts), matrix_of(one.at("embeddings")));
}

TEST_F(Embedders, OptionsGoBeforeTheFolder) {
  write_case(kGolden, case_named("normalize"), folder.path());
  auto plain = TextEmbedder::from_pretrained(folder.path(), kOneThread,
                                             {.pooling = {Pooling::kMax}, .normalize = false});
  expect_equal(plain.embed(texts), matrix_of(case_named("max").at("embeddings")));
  auto unit = model({.pooling = {Pooling::kMean}, .normalize = true});
  expect_equal(unit.embed(texts), matrix_of(case_named("normalize").at("embeddings")));
  auto few = model({.pooling = {Pooling::kMean}, .dimensions = 3});
  const HostTensor all = model().embed(texts), first = few.embed(texts);
  ASSERT_EQ(first.shape(), (std::vector<int64_t>{static_cast<int64_t>(texts.size()), 3}));
  for (int64_t i = 0; i < first.dim(0); ++i)
    for (int64_t d = 0; d < 3; ++d)
      EXPECT_EQ(first.at<float>(3 * i + d), all.at<float>(all.dim(1) * i + d));
  expect_equal(model({.normalize = false, .max_seq_length = 8}).embed(texts),
               matrix_of(case_named("short").at("embeddings")));
}

TEST_F(Embedders, ALayerIsThatOfTheHiddenStates) {
  copy_model(kGolden, folder.path());
  auto plain = AlbertModel::from_pretrained(folder.path(), kOneThread);
  for (const int64_t layer : {0, 1, 2, 3}) {
    for (const int64_t name : {layer, layer - 4}) {
      auto embedder = model({.pooling = {Pooling::kLastToken, Pooling::kCls}, .layer = name});
      const TokenIds ids = embedder.encode("the whale");
      const auto states =
          plain.forward(Sequences{.input_ids = {ids.input_ids}}, {}, {.output_hidden_states = true})
              .hidden_states.at(static_cast<size_t>(layer));
      const HostTensor found = embedder.embed(std::vector<std::string>{"the whale"});
      const int64_t hidden = states.dim(2), last = states.dim(1) - 1;
      for (int64_t i = 0; i < hidden; ++i) {
        EXPECT_NEAR(found.at<float>(i), states.at<float>(last * hidden + i), 1e-5) << layer;
        EXPECT_NEAR(found.at<float>(hidden + i), states.at<float>(i), 1e-5) << layer;
      }
    }
  }
}

TEST_F(Embedders, ThePoolerIsTheModelsAndIsSavedAsADenseModule) {
  auto embedder = model({.pooling = {Pooling::kPooler}});
  auto plain = AlbertModel::from_pretrained(folder.path(), kOneThread);
  const HostTensor found = embedder.embed(texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    const TokenIds ids = embedder.encode(texts[i]);
    const auto wanted = plain.forward(Sequences{.input_ids = {ids.input_ids}}).pooler_output;
    for (int64_t d = 0; d < wanted.size(); ++d)
      EXPECT_NEAR(found.row<float>(static_cast<int64_t>(i))[static_cast<size_t>(d)],
                  wanted.at<float>(d), 1e-5);
  }
  embedder.save_pretrained(folder.path() / "saved");
  auto saved = TextEmbedder::from_pretrained(folder.path() / "saved", kOneThread);
  EXPECT_EQ(saved.modules().pooling, std::vector{Pooling::kCls});
  expect_equal(saved.embed(texts), found);
}

TEST_F(Embedders, BatchesChangeNothing) {
  auto together = model({.batch_tokens = 4096}), alone = model({.batch_tokens = 1});
  expect_equal(together.embed(texts), alone.embed(texts), 1e-6);
  EXPECT_EQ(together.embed(std::span<const std::string>()).dim(0), 0);
}

TEST_F(Embedders, ModelsWithoutATokenizerTakeIds) {
  copy_model(kGolden, folder.path());
  std::filesystem::remove(folder.path() / "vocab.txt");
  auto embedder = TextEmbedder::from_pretrained(folder.path(), kOneThread);
  EmbedderInput ids;
  ids.input_ids = {2, 5, 7, 3};
  ids.token_type_ids = {0, 0, 0, 0};
  EXPECT_EQ(embedder.embed(std::span(&ids, 1)).dim(1), 12);
  const Refusal r = refusal_of([&] { embedder.embed(texts); });
  EXPECT_EQ(r.code, ErrorCode::kMissingInput);
  EXPECT_FALSE(embedder.warnings().empty());
}

TEST_F(Embedders, WhatAFolderAsksThatIsNotDoneIsRefusedByName) {
  struct Case {
    const char *file, *json, *named;
    ErrorCode code = ErrorCode::kMismatch;
  };
  const Case cases[] = {
      {"1_Pooling/config.json", R"({"pooling_mode":"median"})", "median"},
      {"1_Pooling/config.json", R"({"pooling_mode":"mean","pooling_odd":true})", "pooling_odd"},
      {"2_Dense/config.json",
       R"({"in_features":12,"out_features":5,"activation_function":"torch.nn.Softmax"})",
       "Softmax"},
      {"2_Dense/config.json",
       R"({"in_features":12,"out_features":5,"activation_function":"mine.Tanh"})", "mine.Tanh"},
      {"2_Dense/config.json", R"({"in_features":11,"out_features":5})", "linear.weight"},
      {"2_Dense/config.json", R"({"in_features":0,"out_features":5})", "in_features",
       ErrorCode::kBadData},
      {"config_sentence_transformers.json", R"({"similarity_fn_name":"angle"})", "angle"},
      {"config_sentence_transformers.json", R"({"default_prompt_name":"q"})", "default_prompt_name",
       ErrorCode::kBadData},
      {"config_sentence_transformers.json", R"({"model_type":"SparseEncoder"})", "SparseEncoder"},
      {"sentence_bert_config.json", R"({"transformer_task":"fill-mask"})", "fill-mask"},
      {"modules.json",
       R"([{"path":"","type":"sentence_transformers.models.Transformer"},
           {"path":"1_Pooling","type":"sentence_transformers.models.WordWeights"}])",
       "WordWeights"},
      {"modules.json", R"([{"path":"../x","type":"sentence_transformers.models.Transformer"}])",
       "../x", ErrorCode::kBadData},
      {"modules.json", R"([{"path":"","type":"mine.Transformer"}])", "mine.Transformer"},
      {"modules.json", R"([{"path":"","type":"sentence_transformers.models.Transformer"}])",
       "modules.json", ErrorCode::kBadData}};
  for (const Case& one : cases) {
    const Refusal r = refusal_with(one.file, one.json);
    EXPECT_EQ(r.code, one.code) << one.json << ": " << r.what;
    EXPECT_NE(r.what.find(one.named), std::string::npos) << r.what;
  }
}

TEST_F(Embedders, OptionsThatDoNotFitAreRefused) {
  const auto code_with = [&](const TextEmbedderOptions& options) {
    return refusal_of([&] { model(options); }).code;
  };
  EXPECT_EQ(code_with({.layer = 4}), ErrorCode::kUsage);
  EXPECT_EQ(code_with({.layer = -5}), ErrorCode::kUsage);
  EXPECT_EQ(code_with({.pooling = {Pooling::kPooler}, .layer = 2}), ErrorCode::kUsage);
  EXPECT_EQ(code_with({.dimensions = 13}), ErrorCode::kUsage);
  EXPECT_EQ(code_with({.dimensions = 0}), ErrorCode::kUsage);
  EXPECT_EQ(code_with({.max_seq_length = 17}), ErrorCode::kUsage);
  EXPECT_EQ(code_with({.batch_tokens = 0}), ErrorCode::kUsage);
  auto few = model({.dimensions = 3});
  EXPECT_EQ(refusal_of([&] { few.save_pretrained(folder.path() / "s"); }).code,
            ErrorCode::kMismatch);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "s"));
  EXPECT_EQ(refusal_of([&] { few.prompt_named("query"); }).code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace albert::testing
