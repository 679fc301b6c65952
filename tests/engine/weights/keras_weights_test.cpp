// Models in tf_model.h5 as transformers' TFAlbert* classes save them.
#include "albert/engine/weights/keras_weights.h"

#include <regex>

#include "tests/support/files.h"
#include "tests/support/hdf5_files.h"
#include "tests/support/models.h"
#include "tests/support/placed.h"
#include "tests/support/weight_files.h"

namespace albert::testing {
namespace {

using Datasets = std::map<std::string, HostTensor>;

HostTensor transposed(const HostTensor& t) {
  HostTensor result(t.dtype(), {t.dim(1), t.dim(0)});
  for (int64_t i = 0; i < t.dim(0); ++i)
    for (int64_t j = 0; j < t.dim(1); ++j)
      result.data<float>()[j * t.dim(0) + i] = t.at<float>(i * t.dim(1) + j);
  return result;
}

// The name of a Keras weight for one of transformers' PyTorch models.
std::string keras_name(const std::string& name) {
  const auto replaced = [](const std::string& text, const char* from, const char* to) {
    return std::regex_replace(text, std::regex(from), to);
  };
  std::string result = replaced(name, R"((albert_layer_groups|albert_layers)\.(\d+))", "$1_._$2");
  result = replaced(result, R"((LayerNorm|layer_norm)\.weight$)", "$1.gamma");
  result = replaced(result, R"((LayerNorm|layer_norm)\.bias$)", "$1.beta");
  result =
      replaced(result, R"((position|token_type)_embeddings\.weight$)", "$1_embeddings.embeddings");
  if (result.find("word_embeddings") == std::string::npos)
    result = replaced(result, R"(\.weight$)", ".kernel");
  return replaced(result, R"(\.(?!_))", "/") + ":0";  // not that of "_._"
}

// The datasets of a model; each is in the group of the layer that its name begins with.
Datasets datasets_of(const TensorFile& model) {
  Datasets all;
  for (const auto& [name, tensor] : model.tensors) {
    const bool bare = std::regex_search(name, std::regex("^(embeddings|encoder|pooler)"));
    const std::string keras = keras_name((bare ? "albert." : "") + name);
    const std::string layer = keras.substr(0, keras.find('/'));
    all[layer + "/tf_albert_of_some_kind_1/" + keras] =
        keras.ends_with("/kernel:0") ? transposed(tensor) : tensor;
  }
  return all;
}

template <class Head>
class KerasWeightsOf : public ::testing::Test {};
using Heads = ::testing::Types<AlbertModel, AlbertForPreTraining, AlbertForMaskedLM,
                               AlbertForSequenceClassification, AlbertForMultipleChoice,
                               AlbertForTokenClassification, AlbertForQuestionAnswering>;
TYPED_TEST_SUITE(KerasWeightsOf, Heads);

TYPED_TEST(KerasWeightsOf, LoadBitForBit) {
  expect_loads_bit_for_bit<TypeParam>([](const TensorFile& weights, const auto& folder) {
    write_bytes(folder / "tf_model.h5", hdf5_of(datasets_of(weights)));
  });
}

std::unique_ptr<const WeightSource> opened(const Datasets& datasets) {
  return keras_weights(placed("tf_model.h5", hdf5_of(datasets)));
}
HostTensor one(float value) { return HostTensor::of<float>({1}, {value}); }

TEST(KerasWeights, OfCopiesTheLayersOwnIsTaken) {
  const std::string words = "/tf_albert_x/albert/embeddings/word_embeddings/weight:0",
                    name = "albert.embeddings.word_embeddings.weight";
  for (const std::string other : {"predictions", "aaa"})
    EXPECT_EQ(
        opened({{"albert" + words, one(1)}, {other + words, one(2)}})->tensor(name).at<float>(0),
        1);
  const Refusal r = refusal_of([&] { opened({{"a" + words, one(1)}, {"b" + words, one(2)}}); });
  EXPECT_EQ(r.code, ErrorCode::kBadData);
  EXPECT_TRUE(r.says("tf_model.h5: found \"a/tf_albert_x") && r.says("wanted one weight for"))
      << r.what;
}

// TFAlbertForMaskedLM trains predictions/decoder/bias alone and computes with it.
TEST(KerasWeights, TheDecodersBiasIsThatOfThePredictions) {
  const std::string layer = "predictions/tf_albert_for_masked_lm/predictions/";
  const auto both = opened({{layer + "bias:0", one(1)}, {layer + "decoder/bias:0", one(2)}});
  EXPECT_EQ(both->tensors().size(), 1U);
  EXPECT_EQ(both->tensor("predictions.bias").at<float>(0), 2);
  EXPECT_EQ(opened({{layer + "bias:0", one(1)}})->tensor("predictions.bias").at<float>(0), 1);
}

TEST(KerasWeights, OnlyWeightsOfTheseModelsAreTranslated) {
  EXPECT_EQ(keras_weight_name("albert/tf_albert_model/albert/encoder/albert_layer_groups_._1/"
                              "albert_layers_._0/ffn/kernel:0"),
            "albert.encoder.albert_layer_groups.1.albert_layers.0.ffn.weight");
  for (const std::string path : {"albert/tf_bert_model/albert/pooler/kernel:0",
                                 "albert/tf_albert_model/albert/pooler/kernel",
                                 "albert/tf_albert_model/albert/pooler/moments:0", "kernel:0",
                                 "a/b", "albert/tf_albert/x:0"})
    EXPECT_EQ(keras_weight_name(path), path);
}

}  // namespace
}  // namespace albert::testing
