// From a text to the names in it: token_classifier FOLDER TEXT
#include <albert/albert.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto classifier = albert::TokenClassifier::from_pretrained(argv[1]);
  const auto entities = classifier.classify(argv[2]);
  for (const auto& entity : entities)
    std::printf("%s (%s %.4f), characters %td to %td\n", entity.text.c_str(), entity.label.c_str(),
                entity.score, std::ptrdiff_t(entity.begin), std::ptrdiff_t(entity.end));
  std::printf("%zu entities\n", entities.size());
}
