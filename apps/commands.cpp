#include "apps/commands.h"

namespace albert::apps {

const std::vector<CommandEntry>& commands() {
  static const std::vector<CommandEntry> table = {
      {"demo",
       "no downloads: vocabulary, pre-training, fine-tuning and prediction in half a minute",
       declare_demo},
      {"vocab", "train a SentencePiece vocabulary as ALBERT's was", declare_vocab},
      {"tokenize", "lines of text to pieces and ids", declare_tokenize},
      {"prepare", "text to shards for pre-training", declare_prepare},
      {"pretrain", "train a model on shards: masked words and sentence order", declare_pretrain},
      {"finetune", "train a pre-trained model for a task", declare_finetune},
      {"predict", "labels for lines of text or JSONL, by a fine-tuned folder", declare_predict},
      {"serve", "answers over HTTP: a fine-tuned folder as a server", declare_serve},
      {"eval", "score predictions against the right labels", declare_eval},
      {"embed", "texts to vectors, by any model or a folder of sentence-transformers",
       declare_embed},
      {"similarity", "how alike pairs of texts are, and the texts of a file most like others",
       declare_similarity},
      {"fill-mask", "the likeliest words for [MASK] in texts", declare_fill_mask},
      {"score", "how likely a pre-trained model takes texts to be, or the order of pairs",
       declare_score},
      {"report", "metrics.jsonl of a run to a self-contained report.html", declare_report},
      {"forward", "run a model on tensors from a file: outputs, loss, gradients", declare_forward},
      {"convert", "a model folder to the form of other tools", declare_convert},
      {"info",
       "what is in a model folder, shard or checkpoint; parameters, and the memory a run would "
       "need",
       declare_info},
      {"doctor", "this machine and build: instruction sets, threads, libraries, a self-test",
       declare_doctor}};
  return table;
}

}  // namespace albert::apps
