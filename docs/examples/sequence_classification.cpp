// Class scores of a sentence, and the loss of a label with weighted classes.
#include <albert/albert.h>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertForSequenceClassification::from_pretrained(folder);
  albert::ModelInputs in;
  in.input_ids = albert::HostTensor::of<int64_t>({1, 5}, {2, 14, 25, 31, 3});
  const auto labels = albert::HostTensor::of<int64_t>({1}, {1});
  albert::LossOptions loss{
      .class_weights = std::vector<float>(size_t(model.config().num_labels()), 1.0F),
      .label_smoothing = 0.1};
  const auto out = model.forward(in, labels, loss);
  for (const auto& [id, name] : model.config().id2label)
    std::printf("%s %.4f\n", name.c_str(), out.logits.at<float>(id));
  std::printf("loss %.4f\n", *out.loss);
}
