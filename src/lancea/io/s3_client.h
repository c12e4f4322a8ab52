// Arrow's client of S3, through a library of its own.
//
// Arrow 24 and newer keep it and all of AWS's SDK in libarrow_s3, apart from libarrow, so that whoever reads
// local tables never loads it. liblancea_s3 is the only part of Lancea that is linked to it; it lies beside
// liblancea, is loaded when the first s3:// URI is opened, and has one function.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "arrow/filesystem/type_fwd.h"
#include "arrow/io/type_fwd.h"
#include "arrow/result.h"
#include "lancea/io/s3_arguments.h"

namespace lancea {

struct S3Client {
  std::shared_ptr<arrow::fs::FileSystem> file_system;
  std::string region;  ///< where the bucket is
  /// The credentials now; temporary ones are renewed by the client. Empty keys: requests are not signed.
  std::function<S3Credentials()> credentials;
};

/// The function of liblancea_s3.
using MakeS3ClientFunction = void(const S3Arguments& arguments, const arrow::io::IOContext& context,
                                  arrow::Result<S3Client>* client);
inline constexpr char kMakeS3ClientSymbol[] = "LanceaMakeS3Client";

/// \return Unsupported when the library is not there
arrow::Result<S3Client> MakeS3Client(const S3Arguments& arguments,
                                     const arrow::io::IOContext& context);

}  // namespace lancea
