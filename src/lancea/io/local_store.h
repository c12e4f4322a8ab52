// Files on this machine.
//
// A file is mapped as a whole, read-only: reads are views that keep the mapping alive, and cost nothing.
// Files of a few KiB are read at once instead, which is cheaper than mapping them.
// Data files never change once written, so a mapping stays true; truncating one from outside while it is
// read ends in SIGBUS, as with every mapped file. LANCEA_MMAP=0 reads with pread instead.
//
// A file is written under a temporary name beside its own and published by one rename: see temporary_file.h
// for what is durable when, and LANCEA_FSYNC=0. Deleting a directory must not race with writing into it.
#pragma once

#include <memory>

#include "lancea/object_store.h"

namespace lancea {

/// One store for all local paths. Thread-safe.
const std::shared_ptr<ObjectStore>& LocalStore();

/// Local files for work that passes over many bytes once. Mapped pages count as memory of the process once
/// they were looked at; of all files opened here about `resident_bytes` of them stay, and whoever looks at
/// others again has them mapped again. Thread-safe.
std::shared_ptr<ObjectStore> LocalStoreForOnePass(uint64_t resident_bytes);

}  // namespace lancea
