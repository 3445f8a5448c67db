"""The envelope of encrypted callbacks that WeChat, WeCom, 微信客服 and DingTalk share.

AES-256 in CBC mode with PKCS#7 padding to 32 bytes; the key is base64(EncodingAESKey + "="), the vector its first 16
bytes; inside: 16 random bytes, the length (4 bytes, big endian), the message, the receiver's id. After the platforms'
page "加解密方案说明". wechatpy has the same scheme but compares in variable time, lets damaged padding pass and fails
with whatever exception comes; the tests hold both against each other.
"""

import base64
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.checks import Refused, same

_BLOCK = 32


class Envelope:
    """Encrypts and decrypts for one receiver (app id, corp id or app key).

    Raises:
        ValueError: the key is not 43 characters of base64.
    """

    def __init__(self, encoding_aes_key: str, receiver: str) -> None:
        if len(encoding_aes_key) != 43:
            raise ValueError("EncodingAESKey 应为 43 个字符，请从平台后台原样复制")
        try:
            self._key = base64.b64decode(encoding_aes_key + "=", validate=True)
        except ValueError:
            raise ValueError("EncodingAESKey 只能有字母和数字，请从平台后台原样复制") from None
        self._receiver = receiver

    def encrypt(self, message: bytes) -> str:
        """`message` for the platform, as base64."""
        plain = secrets.token_bytes(16) + struct.pack(">I", len(message)) + message + self._receiver.encode()
        padding = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()).decode()

    def decrypt(self, encrypted: str) -> bytes:
        """The message in `encrypted`.

        Raises:
            Refused: damaged, or for another receiver.
        """
        plain = unpad(cbc_decrypt(self._key, self._key[:16], decode_base64(encrypted)), _BLOCK)
        if len(plain) < 20:
            raise Refused("encrypted message is too short", 400)
        end = 20 + struct.unpack(">I", plain[16:20])[0]
        if end > len(plain):
            raise Refused("encrypted message is truncated", 400)
        if not same(self._receiver, plain[end:].decode("utf8", "replace")):
            raise Refused("encrypted for another receiver")
        return plain[20:end]

    def _cipher(self) -> Cipher:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))


def decode_base64(text: str) -> bytes:
    """The bytes of strict base64.

    Raises:
        Refused: anything else.
    """
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one, and so is what text beyond ASCII raises
        raise Refused("not base64", 400) from None


def cbc_decrypt(key: bytes, vector: bytes, ciphertext: bytes) -> bytes:
    """AES-CBC without looking at the padding.

    Raises:
        Refused: not whole blocks.
    """
    if not ciphertext or len(ciphertext) % 16:
        raise Refused("encrypted message is truncated", 400)
    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()


def unpad(plain: bytes, block: int) -> bytes:
    """`plain` without its PKCS#7 padding, which may be up to `block` bytes long.

    Raises:
        Refused: the padding is damaged.
    """
    padding = plain[-1]
    if not 1 <= padding <= min(block, len(plain)) or plain[-padding:] != bytes([padding]) * padding:
        raise Refused("encrypted message is damaged", 400)
    return plain[:-padding]
