#pragma once
#include <list>
#include <string>

#include "albert/base/tf_record.h"
#include "albert/trainer/data/tf_examples.h"

namespace albert {

// Examples that create_pretraining_data.py or albert prepare --to_tfrecord made and masked once,
// in another order each pass.
class RecordedExamples final : public ExampleSource {
 public:
  // Error of TfRecordFile and example_in; kBadData where there are none.
  RecordedExamples(const std::vector<std::filesystem::path>& files, int64_t vocab_size,
                   uint64_t seed);

  PretrainingExample example(int64_t position) const override;
  int64_t size_of_pass(int64_t) const override { return records_; }
  const TfExampleSizes& sizes() const { return sizes_; }  // of the first record
  std::string fingerprint() const;                        // of all records

 private:
  PretrainingExample read(int64_t record, TfExampleSizes* sizes) const;

  std::list<TfRecordFile> files_;
  int64_t vocab_size_, records_ = 0;
  uint64_t seed_;
  TfExampleSizes sizes_;
};

// Writes `passes` passes of a stream as records, one after the other into each of the files, which
// appear complete or not at all. Gives their number. Error of tf_example_of; kIo.
int64_t write_tf_examples(const ExampleSource& source, int64_t passes,
                          const std::vector<std::filesystem::path>& files,
                          const TfExampleSizes& sizes, const MaskingVocabulary& vocabulary);

}  // namespace albert
