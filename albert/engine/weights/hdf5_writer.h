#pragma once
// Not installed.
#include <filesystem>

#include "albert/engine/weights/weight_source.h"

namespace albert {

// A list of texts beside the data of a group, or a single text.
struct Hdf5Attribute {
  std::string group;  // its path without the first slash; "" is the root
  std::string name;
  std::vector<std::string> texts;
  bool is_list = true;
};

// Writes the tensors as datasets under their names, which are paths, as h5py does by default:
// superblock 0, groups with symbol tables, data in one piece. A group is made for every part of a
// path and for every attribute. Error(kBadData) for bf16, which HDF5 does not have, over 256
// members of a group and attributes over 60000 bytes; kIo.
void write_hdf5(const std::filesystem::path& path, const WeightSource& datasets,
                const std::vector<Hdf5Attribute>& attributes);

}  // namespace albert
