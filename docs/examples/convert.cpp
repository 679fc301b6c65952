// A folder of TensorFlow (or of any other tool) as one of another format, and what had to be made.
#include <albert/albert.h>
#include <cstdio>

int main(int argc, char** argv) {
  const std::string from = argc > 1 ? argv[1] : "tf", to = argc > 2 ? argv[2] : "hf";
  const auto done = albert::convert_model(from, to, argc > 3 ? argv[3] : "hf");
  std::printf("%s, %td parameters\n", done.architecture.c_str(), std::ptrdiff_t(done.parameters));
  for (const auto& tensor : done.fresh) std::printf("new: %s\n", tensor.c_str());
}
