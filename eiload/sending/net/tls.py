"""TLS as gRPC speaks it, without a socket: keys from PEM texts, ciphertext in and out.

Follows RFC 7301 (ALPN) and RFC 9113, section 3.2 and 9.2 (``h2``, TLS 1.2 and newer); gRPC's
`ssl_channel_credentials` for what the texts mean.

Rules.

- A server has to choose HTTP/2, if that is what is spoken; HTTP/1.1 needs no choice.
- A server's certificate is always checked, against the roots given or the system's.
- A write is whole: how many bytes went is told when their ciphertext has left the buffer, so that
  *written* means the same with TLS as without.
- Standard library only. Keys never lie in a file with a name.
"""

import os
import re
import ssl

__all__ = ["H2", "TlsError", "TlsSession", "tls_context"]

READ_BYTES = 256 << 10
"""How much is decrypted at a time: TLS hands out a record of 16 KiB at most."""

H2 = "h2"
"""HTTP/2's name in ALPN."""

_BLOCK = re.compile(r"-----BEGIN [^-]+-----.*?-----END [^-]+-----\s*", re.DOTALL)


class TlsError(OSError):
    """TLS fails; the message says why."""


def tls_context(
    roots: str | None, key: str | None, certificate: str | None, *, protocol: str = H2
) -> ssl.SSLContext:
    """Return how TLS is to be spoken.

    Args:
        roots: PEM text of the certificates that are trusted; None for the system's.
        key: PEM text of the client's key, for servers that ask for a certificate.
        certificate: PEM text of the client's certificate and its chain.
        protocol: what is spoken over it, by its name in ALPN.

    Raises:
        TlsError: a text is not what it should be.
    """
    try:
        context = ssl.create_default_context(cadata=_blocks(roots) if roots is not None else None)
        context.set_alpn_protocols([protocol])
        if certificate is not None:
            _load(context, key or "", certificate)
    except (ssl.SSLError, ValueError) as error:
        raise TlsError(f"the TLS files cannot be used: {_reason(error)}") from error
    return context


def _blocks(text: str) -> str:
    """Return the certificates and keys of a PEM text, without the words between them."""
    blocks = "".join(_BLOCK.findall(text))
    if not blocks:
        raise ValueError("there is no PEM block in one of them")
    return blocks


def _load(context: ssl.SSLContext, key: str, certificate: str) -> None:
    """Load a key and a certificate, which Python only loads from files."""
    data = f"{_blocks(key)}\n{_blocks(certificate)}".encode()
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("tls", os.MFD_CLOEXEC)
        try:
            os.write(number, data)
            context.load_cert_chain(f"/proc/self/fd/{number}")
        finally:
            os.close(number)
        return
    import tempfile  # noqa: PLC0415  # where there is memfd_create, nobody waits for it

    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        context.load_cert_chain(file.name)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return str(error) or type(error).__name__


class TlsSession:
    """One connection's TLS.

    Args:
        context: how it is spoken.
        server_name: the name that the server's certificate has to have.
        protocol: what is spoken over it, by its name in ALPN.
    """

    def __init__(self, context: ssl.SSLContext, server_name: str, protocol: str = H2) -> None:
        self._protocol = protocol
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._ciphertext = memoryview(b"")
        """What is yet to be sent."""

    def shake(self, data: bytes | None) -> bool:
        """Go on with the handshake, and return whether it is done.

        Args:
            data: what came: None if nothing has yet, nothing at the end.

        Raises:
            TlsError: it fails, or the server does not choose HTTP/2.
        """
        if data:
            self._incoming.write(data)
        elif data is not None:
            raise TlsError("TLS fails: the connection was closed during the handshake")
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            raise TlsError(f"TLS fails: {_reason(error)}") from error
        if self._protocol == H2 and self._object.selected_alpn_protocol() != H2:
            raise TlsError("TLS answers, but not HTTP/2 (ALPN did not choose h2)")
        return True

    def decrypt(self, data: bytes) -> bytes | None:
        """Return what came, None if it is not whole yet, nothing at the end.

        Raises:
            TlsError: it is no TLS, or the server says that something is wrong with ours.
        """
        if data:
            self._incoming.write(data)
        plain = []
        try:
            while part := self._object.read(READ_BYTES):
                plain.append(part)
        except ssl.SSLWantReadError:
            return b"".join(plain) or None
        except ssl.SSLZeroReturnError:
            return b"".join(plain)
        except ssl.SSLError as error:
            raise TlsError(f"TLS fails: {_reason(error)}") from error
        return b"".join(plain)

    def encrypt(self, data: bytes | memoryview) -> None:
        """Make ciphertext of all of `data`.

        Raises:
            TlsError: the session is over.
        """
        try:
            self._object.write(data)
        except ssl.SSLError as error:
            raise TlsError(f"TLS fails: {_reason(error)}") from error

    def ciphertext(self) -> memoryview:
        """Return what is to be sent, the same until `sent` says how much was."""
        if self._outgoing.pending:
            self._ciphertext = memoryview(bytes(self._ciphertext) + self._outgoing.read())
        return self._ciphertext

    def sent(self, size: int) -> None:
        """Forget `size` bytes of ciphertext."""
        self._ciphertext = self._ciphertext[size:]
