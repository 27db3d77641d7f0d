#ifndef GATEWAY_HTTP_STREAM_H_
#define GATEWAY_HTTP_STREAM_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "common/tls/tls.h"

namespace tutti::gateway {

// Sets a server's context up for TLS 1.2 or later.
inline boost::system::error_code UseCertificate(const Tls& tls, boost::asio::ssl::context& context) {
  boost::system::error_code error;
  context.use_certificate_chain(boost::asio::buffer(tls.certificate), error);
  if (!error) context.use_private_key(boost::asio::buffer(tls.key), boost::asio::ssl::context::pem, error);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return error;
}

// A client's bytes, plain or in TLS: one type for both, so that all of Beast's
// operations are compiled once. What Asio asks of an AsyncStream, and the timeouts
// and the end of a boost::beast::tcp_stream.
class Stream {
 public:
  using executor_type = boost::beast::tcp_stream::executor_type;

  // Null `tls`: plain.
  Stream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls) {
    if (tls != nullptr) {
      tls_.emplace(std::move(socket), *tls);
    } else {
      plain_.emplace(std::move(socket));
    }
  }

  executor_type get_executor() { return transport().get_executor(); }
  boost::asio::ip::tcp::socket& socket() { return transport().socket(); }
  bool is_tls() const { return tls_.has_value(); }
  void expires_after(absl::Duration time) { transport().expires_after(absl::ToChronoNanoseconds(time)); }
  void expires_never() { transport().expires_never(); }
  void close() { transport().close(); }

  template <typename Buffers, typename Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return tls_.has_value() ? tls_->async_read_some(buffers, std::forward<Handler>(handler))
                            : plain_->async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <typename Buffers, typename Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return tls_.has_value() ? tls_->async_write_some(buffers, std::forward<Handler>(handler))
                            : plain_->async_write_some(buffers, std::forward<Handler>(handler));
  }

  // Of TLS alone.
  template <typename Handler>
  void async_handshake(Handler&& handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }
  template <typename Handler>
  void async_shutdown(Handler&& handler) {
    tls_->async_shutdown(std::forward<Handler>(handler));
  }

  // How Beast's WebSocket ends a connection after its closing handshake. The server
  // is the first to close, RFC 6455 section 7.1.1: it doesn't wait for the client.
  template <typename Handler>
  friend void async_teardown(boost::beast::role_type, Stream& stream, Handler&& handler) {
    if (stream.tls_.has_value()) {
      stream.tls_->async_shutdown(std::forward<Handler>(handler));
      return;
    }
    boost::system::error_code error;
    stream.socket().shutdown(boost::asio::socket_base::shutdown_send, error);
    boost::asio::post(stream.get_executor(),
                      boost::beast::bind_front_handler(std::forward<Handler>(handler), boost::system::error_code()));
  }
  friend void beast_close_socket(Stream& stream) { stream.close(); }

 private:
  boost::beast::tcp_stream& transport() { return tls_.has_value() ? tls_->next_layer() : *plain_; }

  std::optional<boost::beast::tcp_stream> plain_;
  std::optional<boost::beast::ssl_stream<boost::beast::tcp_stream>> tls_;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_HTTP_STREAM_H_
