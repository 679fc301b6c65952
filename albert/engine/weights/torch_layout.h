#pragma once
// What a file of torch.save holds, apart from its data. Not installed.
#include <map>
#include <string>
#include <vector>

#include "albert/engine/weights/torch_values.h"
#include "albert/engine/weights/torch_zip.h"

namespace albert {

struct StorageBytes {
  std::string name;  // for messages
  DType dtype = DType::kF32;
  ZipEntry bytes;
};

struct TorchLayout {
  std::map<std::string, TorchTensor> tensors;
  std::vector<StorageBytes> storages;  // TorchTensor::storage counts them
};

// PyTorch 1.6 and later: a zip archive with NAME/data.pkl and a file NAME/data/KEY of each storage,
// which must have the size that the pickle says. Error(kBadData), kIo.
TorchLayout read_torch_archive(const InputFile& file);

// Before: several pickles, then the storages one after the other up to the end of the file.
bool is_legacy_torch(const InputFile& file);
TorchLayout read_legacy_torch(const InputFile& file);

// The tensors in a dictionary and in dictionaries within it, as "model.pooler.bias"; what is no
// tensor is passed over. Error(kBadData) where two tensors have one name.
std::map<std::string, TorchTensor> named_tensors(const ByteReader& place, PickleValues& values,
                                                 PickleValue root);

// The bytes that opening a file of this size may take for the values of its pickle.
inline uint64_t most_pickle_bytes(uint64_t file_size) {
  return (uint64_t{4} << 20) + file_size / 4;
}

}  // namespace albert
