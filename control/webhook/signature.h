#ifndef CONTROL_WEBHOOK_SIGNATURE_H_
#define CONTROL_WEBHOOK_SIGNATURE_H_

#include <cstdint>
#include <string>

namespace tutti::control {

// The value of `webhook-signature` as Standard Webhooks 1.0 says: "v1," and the
// Base64 of HMAC-SHA256(key, "id.timestamp.body").
std::string SignWebhook(const std::string& key, const std::string& id, int64_t unix_seconds, const std::string& body);

}  // namespace tutti::control

#endif  // CONTROL_WEBHOOK_SIGNATURE_H_
