// A label for every token, and the gradient of their loss.
#include <albert/albert.h>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "model";
  auto model = albert::AlbertForTokenClassification::from_pretrained(folder, {.trainable = true});
  const auto labels = albert::HostTensor::of<int64_t>({1, 4}, {-100, 1, 0, -100});
  const auto out = model.forward(albert::Sequences{{{2, 14, 25, 3}}}, labels, {.backward = true});
  std::printf("logits %s, loss %.4f\n", out.logits.shape_string().c_str(), *out.loss);
  const auto gradients = model.gradients();
  std::printf("d loss / d classifier.bias[0] = %.6f\n",
              gradients.tensors.at("classifier.bias").at<float>(0));
}
