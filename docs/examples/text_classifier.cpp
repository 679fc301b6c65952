// From text to a label: text_classifier FOLDER TEXT
#include <albert/albert.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto classifier = albert::TextClassifier::from_pretrained(argv[1]);
  const auto answer = classifier.classify(argv[2]);
  std::printf("%s %.4f\n", answer.label.c_str(), answer.score);
}
