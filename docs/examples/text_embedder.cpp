// From texts to vectors, and how alike they are: text_embedder FOLDER TEXT TEXT
#include <albert/albert.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  auto embedder = albert::TextEmbedder::from_pretrained(argv[1]);
  const std::vector<std::string> texts = {argv[2], argv[3]};
  const albert::HostTensor vectors = embedder.embed(texts);
  const double alike = albert::similarity_of(albert::Similarity::kCosine, vectors.row<float>(0),
                                             vectors.row<float>(1));
  std::printf("%td dimensions, %.4f alike\n", std::ptrdiff_t(embedder.dimension()), alike);
}
