// Folders that real people have: which tensors a head needs, which may be new, and what is said.
#include "albert/engine/weights/model_folder.h"
#include "tests/support/files.h"
#include "tests/support/models.h"

namespace albert::testing {
namespace {

using Names = std::vector<std::string>;

const Names kNewPooler = {"albert.pooler.weight [15, 15]", "albert.pooler.bias [15]"};
const Names kNewClassifier = {"classifier.weight [2, 15]", "classifier.bias [2]"};

Names operator+(Names a, const Names& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class Loading : public ::testing::Test {
 protected:
  template <class Head>
  Head saved(uint64_t seed = 1) const {
    Head head = Head::from_config(tiny_config(), {.seed = seed, .backend = {.threads = 1}});
    head.save_pretrained(folder_.path());
    return head;
  }
  template <class Head>
  Head loaded(bool allow_missing = false) const {
    return Head::from_pretrained(folder_.path(),
                                 {.allow_missing = allow_missing, .backend = {.threads = 1}});
  }
  template <class Head>
  Refusal refusal(bool allow_missing = false) const {
    return refusal_of([&] { loaded<Head>(allow_missing); });
  }
  // Lets `change` work on the folder's tensors.
  template <class Change>
  void rewrite(Change change) const {
    TensorFile file = read_safetensors(folder_ / "model.safetensors");
    change(file.tensors);
    write_safetensors(folder_ / "model.safetensors", file);
  }
  void expect_same_backbone(const AlbertPreTrainedModel& a, const AlbertPreTrainedModel& b) const {
    const auto from = a.state_dict().tensors, to = b.state_dict().tensors;
    const auto bare = [](std::string name) {
      return name.starts_with("albert.") ? name.substr(7) : name;
    };
    size_t compared = 0;
    for (const auto& [name, tensor] : from)
      for (const auto& [other, copy] : to)
        if (bare(name) == bare(other) &&
            (bare(name).starts_with("encoder.") || bare(name).starts_with("embeddings."))) {
          EXPECT_EQ(doubles(tensor), doubles(copy)) << name;
          ++compared;
        }
    EXPECT_GT(compared, 20U);
  }
  const TemporaryFolder folder_;
};

TEST_F(Loading, AMaskedLmGivesTheBareModelWithoutAPooler) {
  const auto lm = saved<AlbertForMaskedLM>();
  auto model = loaded<AlbertModel>();
  EXPECT_FALSE(model.has_pooler());
  EXPECT_TRUE(model.load_report().missing.empty());
  expect_same_backbone(lm, model);
  const RandomBatch batch(tiny_config(), 3, 7, 1);
  const auto out = model.forward(batch.inputs);
  EXPECT_TRUE(out.pooler_output.empty());
  EXPECT_EQ(out.last_hidden_state.shape(), (std::vector<int64_t>{3, 7, 15}));
  const Refusal r = refusal_of([&] {
    model.forward(batch.inputs, {{}, HostTensor(DType::kF32, {3, 15})});
  });
  EXPECT_TRUE(r.says("upstream.pooler_output: found [3, 15], wanted none")) << r.what;
}

TEST_F(Loading, AModelWithoutAPoolerIsSavedAndReadAgainAsItIs) {
  saved<AlbertForMaskedLM>();
  const auto model = loaded<AlbertModel>();
  model.save_pretrained(folder_.path());
  const TensorFile file = read_safetensors(folder_ / "model.safetensors");
  EXPECT_FALSE(file.tensors.contains("pooler.weight"));
  const auto again = loaded<AlbertModel>();
  EXPECT_FALSE(again.has_pooler());
  EXPECT_TRUE(same_bits(model.state_dict(), again.state_dict()));
}

TEST_F(Loading, APoolerThatIsThereIsRead) {
  const auto pretraining = saved<AlbertForPreTraining>();
  const auto model = loaded<AlbertModel>();
  EXPECT_TRUE(model.has_pooler());
  EXPECT_EQ(doubles(model.state_dict().tensors.at("pooler.weight")),
            doubles(pretraining.state_dict().tensors.at("albert.pooler.weight")));
  rewrite([](auto& tensors) { tensors.erase("albert.pooler.bias"); });
  EXPECT_TRUE(refusal<AlbertModel>().says("found no tensor pooler.bias [15]"));
}

TEST_F(Loading, AHeadIsTrainedOrAskedToStart) {
  const auto lm = saved<AlbertForMaskedLM>();
  const Refusal r = refusal<AlbertForSequenceClassification>();
  EXPECT_EQ(r.code, ErrorCode::kMismatch);
  EXPECT_TRUE(
      r.says("found no tensor albert.pooler.weight [15, 15], albert.pooler.bias [15], "
             "classifier.weight [2, 15], classifier.bias [2], wanted a trained "
             "AlbertForSequenceClassification; train its head first"))
      << r.what;
  const auto model = loaded<AlbertForSequenceClassification>(true);
  EXPECT_EQ(model.load_report().missing, kNewPooler + kNewClassifier);
  expect_same_backbone(lm, model);
}

template <class Head>
void starts_with(const std::filesystem::path& folder, const Names& missing) {
  const auto head =
      Head::from_pretrained(folder, {.allow_missing = true, .backend = {.threads = 1}});
  EXPECT_EQ(head.load_report().missing, missing);
}

TEST_F(Loading, APretrainedModelStartsEveryHead) {
  saved<AlbertForPreTraining>();
  const auto& folder = folder_.path();
  starts_with<AlbertModel>(folder, {});
  starts_with<AlbertForPreTraining>(folder, {});
  starts_with<AlbertForMaskedLM>(folder, {});
  starts_with<AlbertForSequenceClassification>(folder, kNewClassifier);
  starts_with<AlbertForTokenClassification>(folder, kNewClassifier);
  starts_with<AlbertForMultipleChoice>(folder,
                                       {"classifier.weight [1, 15]", "classifier.bias [1]"});
  starts_with<AlbertForQuestionAnswering>(folder,
                                          {"qa_outputs.weight [2, 15]", "qa_outputs.bias [2]"});
}

TEST_F(Loading, AMaskedLmStartsEveryHead) {
  saved<AlbertForMaskedLM>();
  const auto& folder = folder_.path();
  starts_with<AlbertForPreTraining>(folder,
                                    kNewPooler + Names{"sop_classifier.classifier.weight [2, 15]",
                                                       "sop_classifier.classifier.bias [2]"});
  starts_with<AlbertForSequenceClassification>(folder, kNewPooler + kNewClassifier);
  starts_with<AlbertForTokenClassification>(folder, kNewClassifier);
  starts_with<AlbertForMultipleChoice>(
      folder, kNewPooler + Names{"classifier.weight [1, 15]", "classifier.bias [1]"});
  starts_with<AlbertForQuestionAnswering>(folder,
                                          {"qa_outputs.weight [2, 15]", "qa_outputs.bias [2]"});
}

TEST_F(Loading, AnEncoderIsNeverMadeUp) {
  saved<AlbertForPreTraining>();
  const std::string name =
      "albert.encoder.albert_layer_groups.1.albert_layers.0.attention.query.weight";
  rewrite([&](auto& tensors) { tensors.erase(name); });
  for (const bool allow_missing : {false, true}) {
    EXPECT_TRUE(refusal<AlbertModel>(allow_missing).says(name.substr(7) + " [15, 15]"));
    const Refusal r = refusal<AlbertForSequenceClassification>(allow_missing);
    EXPECT_EQ(r.code, ErrorCode::kMismatch);
    EXPECT_TRUE(r.says("found no tensor " + name +
                       " [15, 15], wanted every tensor of an ALBERT "
                       "encoder of this config"))
        << r.what;
  }
}

TEST_F(Loading, AnotherNetworkIsNamedByWhatItHolds) {
  saved<AlbertForMaskedLM>();
  rewrite([&](auto& tensors) {
    tensors.clear();
    tensors["bert.embeddings.word_embeddings.weight"] = HostTensor(DType::kF32, {29, 6});
  });
  const Refusal r = refusal<AlbertForMaskedLM>(true);
  EXPECT_TRUE(r.says(" more, wanted every tensor of")) << r.what;
  EXPECT_TRUE(r.says("; not used are bert.embeddings.word_embeddings.weight [29, 6]")) << r.what;
}

TEST_F(Loading, TwoTensorsForOneParameterAreBothNamed) {
  saved<AlbertForMaskedLM>();
  rewrite([&](auto& tensors) {
    tensors["embeddings.LayerNorm.gamma"] = tensors.at("albert.embeddings.LayerNorm.weight");
  });
  const Refusal r = refusal<AlbertForMaskedLM>();
  EXPECT_TRUE(
      r.says("model.safetensors: found albert.embeddings.LayerNorm.weight and "
             "embeddings.LayerNorm.gamma, wanted one tensor for "
             "albert.embeddings.LayerNorm.weight"))
      << r.what;
}

// transformers' resize_token_embeddings: more rows, and vocab_size follows.
TEST_F(Loading, AnEmbeddingMatrixThatGrewIsReadPredictsAndIsSaved) {
  AlbertConfig grown = tiny_config();
  grown.vocab_size += 5;
  const auto lm = AlbertForMaskedLM::from_config(grown, {.seed = 1, .backend = {.threads = 1}});
  lm.save_pretrained(folder_.path());
  auto model = loaded<AlbertForMaskedLM>();
  ModelInputs inputs;
  inputs.input_ids = HostTensor::of<int64_t>({1, 2}, {33, 2});
  const auto out = model.forward(inputs);
  EXPECT_EQ(out.logits.shape(), (std::vector<int64_t>{1, 2, 34}));
  model.save_pretrained(folder_ / "again");
  EXPECT_TRUE(same_bits(AlbertForMaskedLM::from_pretrained(folder_ / "again").state_dict(),
                        lm.state_dict()));
}

TEST_F(Loading, RowsThatAreNotVocabSizeAreNamed) {
  saved<AlbertForMaskedLM>();
  rewrite([](auto& tensors) {
    tensors["albert.embeddings.word_embeddings.weight"] = HostTensor(DType::kF32, {34, 6});
    tensors["predictions.bias"] = HostTensor(DType::kF32, {34});
  });
  const Refusal r = refusal<AlbertForMaskedLM>(true);
  EXPECT_EQ(r.code, ErrorCode::kMismatch);
  EXPECT_TRUE(
      r.says("model.safetensors: albert.embeddings.word_embeddings.weight: found [34, 6] "
             "f32, wanted [29, 6], as vocab_size is 29, predictions.bias: found [34] f32, "
             "wanted [29], as vocab_size is 29"))
      << r.what;
}

TEST_F(Loading, OtherLabelsThanTheClassifierHasAreNamed) {
  saved<AlbertForSequenceClassification>();
  AlbertConfig config = AlbertConfig::from_folder(folder_.path());
  config.id2label[2] = "a third";
  AlbertForSequenceClassification head(config);
  const Refusal r = refusal_of([&] { head.load(folder_.path(), {.allow_missing = true}); });
  EXPECT_TRUE(
      r.says("classifier.weight: found [2, 15] f32, wanted [3, 15], as the number of "
             "labels (id2label) is 3"))
      << r.what;
}

TEST_F(Loading, OfTwoBiasesOfTheDecoderTheOneThatFitsIsTaken) {
  const auto lm = saved<AlbertForMaskedLM>();
  const auto bias = lm.state_dict().tensors.at("predictions.bias");
  rewrite([&](auto& tensors) {
    tensors["predictions.decoder.bias"] = bias;
    tensors["predictions.bias"] = HostTensor(DType::kF32, {25});  // forgotten when the other grew
  });
  EXPECT_EQ(doubles(loaded<AlbertForMaskedLM>().state_dict().tensors.at("predictions.bias")),
            doubles(bias));
  rewrite([&](auto& tensors) {
    tensors["predictions.bias"] = bias;
    tensors["predictions.decoder.bias"] = HostTensor(DType::kF32, {29});
  });
  EXPECT_EQ(doubles(loaded<AlbertForMaskedLM>().state_dict().tensors.at("predictions.bias")),
            doubles(bias));
}

// safetensors' save_model keeps one name of a shared tensor, and not always the first.
TEST_F(Loading, TheTiedDecoderStandsForTheWordEmbeddings) {
  const auto lm = saved<AlbertForMaskedLM>();
  rewrite([&](auto& tensors) {
    auto words = tensors.extract("albert.embeddings.word_embeddings.weight");
    words.key() = "predictions.decoder.weight";
    tensors.insert(std::move(words));
  });
  EXPECT_TRUE(same_bits(loaded<AlbertForMaskedLM>().state_dict(), lm.state_dict()));
  expect_same_backbone(loaded<AlbertModel>(), lm);
}

TEST_F(Loading, ValuesThatAreNotFiniteAreCountedInEveryType) {
  saved<AlbertForMaskedLM>();
  for (const DType type : {DType::kF32, DType::kF64, DType::kBF16, DType::kF16}) {
    const float huge = 60000, inf = std::numeric_limits<float>::infinity(),
                nan = std::numeric_limits<float>::quiet_NaN();
    rewrite([&](auto& tensors) {
      tensors["predictions.dense.bias"] =
          HostTensor::of<float>({6}, {0, inf, -inf, nan, huge, -huge}).to(type);
    });
    EXPECT_EQ(loaded<AlbertForMaskedLM>().load_report().warnings,
              Names{"predictions.dense.bias holds 3 values that are not finite"});
  }
}

}  // namespace
}  // namespace albert::testing
