// Class scores of a sentence, and the loss of a label with weighted classes.
#include <albert/albert.h>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertForSequenceClassification::from_pretrained(folder);
  const auto labels = albert::HostTensor::of<int64_t>({1}, {1});
  const std::vector<float> weights(size_t(model.config().num_labels()), 1.0F);
  const auto out = model.forward(albert::Sequences{{{2, 14, 25, 31, 3}}}, labels,
                                 {.loss = {.class_weights = weights, .label_smoothing = 0.1}});
  const auto scores = out.logits.row<float>(0);
  for (const auto& [id, name] : model.config().id2label)
    std::printf("%s %.4f\n", name.c_str(), scores[size_t(id)]);
  std::printf("loss %.4f\n", *out.loss);
}
