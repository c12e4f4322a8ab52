#include "lancea/stores.h"

#include "lancea/io/copy_range.h"
#include "lancea/io/memory_store.h"
#include "lancea/io/uri.h"

namespace lancea {

arrow::Result<StoreAndPath> OpenStore(const std::string& uri,
                                      const std::map<std::string, std::string>& storage_options) {
  return ResolveUri(uri, storage_options);
}

std::shared_ptr<ObjectStore> MakeMemoryStore() { return std::make_shared<MemoryObjectStore>(); }

arrow::Status CopyObject(const StoreAndPath& from, const StoreAndPath& to) {
  ARROW_ASSIGN_OR_RAISE(auto reader, from.store->Open(from.path));
  ARROW_ASSIGN_OR_RAISE(auto writer, to.store->Create(to.path));
  ARROW_RETURN_NOT_OK(CopyRange(reader.get(), {0, reader->size()}, writer.get()));
  return writer->Finish();
}

}  // namespace lancea
