#include "lancea/io/s3_signature.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "lancea/util/errors.h"
#include "lancea/util/sha256.h"

namespace lancea {
namespace {

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "20130524T000000Z"; its first 8 characters are the day.
std::string TimeText(std::time_t now) {
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[] = "20130524T000000Z";
  std::strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

}  // namespace

HttpHeaders SignS3Request(const S3Request& request, const S3Credentials& credentials,
                          const std::string& region, std::time_t now) {
  const std::string time = TimeText(now), day = time.substr(0, 8);
  const std::string body_digest = ToHex(Sha256(request.body));
  HttpHeaders headers = request.headers;
  headers.emplace_back("x-amz-content-sha256", body_digest);
  headers.emplace_back("x-amz-date", time);
  if (!credentials.session_token.empty()) {
    headers.emplace_back("x-amz-security-token", credentials.session_token);
  }

  std::map<std::string, std::string> by_name = {{"host", request.host}};
  for (const auto& [name, value] : headers) by_name[Lower(name)] = value;
  std::string canonical_headers, signed_names;
  for (const auto& [name, value] : by_name) {
    canonical_headers += internal::Concat(name, ":", value, "\n");
    signed_names += (signed_names.empty() ? "" : ";") + name;
  }
  const std::string canonical = request.method + "\n" + request.path + "\n" + /* no query */ "\n" +
                                canonical_headers + "\n" + signed_names + "\n" + body_digest;

  const std::string scope = day + "/" + region + "/s3/aws4_request";
  const std::string to_sign =
      "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + ToHex(Sha256(canonical));
  const std::string secret = "AWS4" + credentials.secret_key;
  Sha256Digest key =
      HmacSha256({reinterpret_cast<const uint8_t*>(secret.data()), secret.size()}, day);
  for (const std::string& part : {region, std::string("s3"), std::string("aws4_request")}) {
    key = HmacSha256(key, part);
  }
  headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 Credential=" + credentials.access_key +
                                            "/" + scope + ", SignedHeaders=" + signed_names +
                                            ", Signature=" + ToHex(HmacSha256(key, to_sign)));
  return headers;
}

}  // namespace lancea
