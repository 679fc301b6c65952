#pragma once
// HDF5 files as h5py writes them by default (HDF5 File Format Specification 3.0): the first
// superblock, groups with symbol tables, data in one piece. Not installed. This small reader stands
// in the place of libhdf5, which trusts a file's structures and bounds neither time nor memory.
#include "albert/engine/weights/hdf5_object.h"

namespace albert {

struct Hdf5Dataset {
  TensorInfo info;
  uint64_t offset = 0;  // of the data in the file, row-major
};

// Every dataset by its path without the first slash, "albert/model/embeddings/weight:0". No data
// are read. Error(kBadData) for what read_hdf5_object() refuses, groups within themselves or more
// than 16 deep, over 4096 datasets, paths over 512 bytes and links. Takes at most the file's size
// and 16 MiB.
std::map<std::string, Hdf5Dataset> read_hdf5(const PlacedBytes& file);

}  // namespace albert
