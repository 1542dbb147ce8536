package sealed

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
)

// A sealed file is
//
//	magic and version (8) | salt (32) | the record's key (64 hex digits) | nonce (12) | ciphertext and tag
//
// where the AES-256 key is HKDF-SHA256(master key, salt, info) and the additional data is all that stands before the
// nonce: neither version, salt nor key can be exchanged between files.
const (
	magic     = "authctl\x01"
	saltLen   = 32
	nameLen   = 64
	headerLen = len(magic) + saltLen + nameLen
	overhead  = 28 // nonce and tag
	info      = "authctl sealed record 1"
)

func seal(master []byte, name string, plain []byte) ([]byte, error) {
	header := make([]byte, 0, headerLen)
	header = append(header, magic...)
	header = append(header, make([]byte, saltLen)...)
	_, _ = rand.Read(header[len(magic):]) // never fails since Go 1.24
	header = append(header, name...)
	aead, err := cipherFor(master, header)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, headerLen+overhead+len(plain))
	return aead.Seal(append(out, header...), nil, plain, header), nil //nolint:gosec // G407: the AEAD draws its own random nonce
}

// unseal gives nil for whatever cannot be opened with the key under the name: it says no more, since every reason is
// the same miss.
func unseal(master []byte, name string, data []byte) []byte {
	if name == "" || sealedName(data) != name {
		return nil
	}
	header := data[:headerLen]
	aead, err := cipherFor(master, header)
	if err != nil {
		return nil
	}
	plain, err := aead.Open(nil, nil, data[headerLen:], header)
	if err != nil {
		return nil
	}
	return plain
}

// sealedName is the key that a file says it belongs to, "" for what is no sealed file of this version.
func sealedName(data []byte) string {
	if len(data) < headerLen+overhead || !bytes.HasPrefix(data, []byte(magic)) {
		return ""
	}
	return string(data[headerLen-nameLen : headerLen])
}

func cipherFor(master, header []byte) (cipher.AEAD, error) {
	salt := header[len(magic) : len(magic)+saltLen]
	key, err := hkdf.Key(sha256.New, master, salt, info, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
