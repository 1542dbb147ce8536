package jose

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // G502: keys were encrypted with it for decades
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // G505: the PRF that PBKDF2 has where nobody names one
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"hash"

	"github.com/authctl/authctl/internal/secret"
)

// maxIterations bounds what a damaged or hostile file makes this machine compute.
const maxIterations = 10_000_000

// encryptedKey is EncryptedPrivateKeyInfo (RFC 5958 section 3).
type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

// pbes2Params and pbkdf2Params are those of RFC 8018 appendix A.
type pbes2Params struct{ KDF, Cipher pkix.AlgorithmIdentifier }

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// decryptPKCS8 undoes PBES2 with PBKDF2 (RFC 8018 section 6.2), which is what OpenSSL, Java and Python write.
func decryptPKCS8(der []byte, passphrase secret.String) ([]byte, error) {
	var outer encryptedKey
	var scheme pbes2Params
	var kdf pbkdf2Params
	if !decode(der, &outer) {
		return nil, errPassphrase()
	}
	if outer.Algorithm.Algorithm.String() != "1.2.840.113549.1.5.13" || !decode(outer.Algorithm.Parameters.FullBytes, &scheme) ||
		scheme.KDF.Algorithm.String() != "1.2.840.113549.1.5.12" || !decode(scheme.KDF.Parameters.FullBytes, &kdf) {
		return nil, errScheme()
	}
	decrypter, err := decrypterOf(scheme.Cipher, kdf, passphrase)
	if err != nil {
		return nil, err
	}
	if len(outer.Data) == 0 || len(outer.Data)%decrypter.BlockSize() != 0 {
		return nil, errPassphrase()
	}
	plain := make([]byte, len(outer.Data))
	decrypter.CryptBlocks(plain, outer.Data)
	return unpad(plain, decrypter.BlockSize())
}

// decrypterOf makes the cipher, its key derived from the passphrase.
func decrypterOf(scheme pkix.AlgorithmIdentifier, kdf pbkdf2Params, passphrase secret.String) (cipher.BlockMode, error) {
	newBlock, size := blockOf(scheme.Algorithm.String())
	prf := prfOf(kdf.PRF.Algorithm)
	var iv []byte
	if newBlock == nil || prf == nil || kdf.Iterations < 1 || kdf.Iterations > maxIterations ||
		(kdf.KeyLength != 0 && kdf.KeyLength != size) || !decode(scheme.Parameters.FullBytes, &iv) {
		return nil, errScheme()
	}
	derived, err := pbkdf2.Key(prf, passphrase.Reveal(), kdf.Salt, kdf.Iterations, size)
	if err != nil {
		return nil, errScheme()
	}
	block, err := newBlock(derived)
	if err != nil || len(iv) != block.BlockSize() {
		return nil, errScheme()
	}
	return cipher.NewCBCDecrypter(block, iv), nil
}

func blockOf(oid string) (newBlock func(key []byte) (cipher.Block, error), keySize int) {
	switch oid {
	case "2.16.840.1.101.3.4.1.2":
		return aes.NewCipher, 16
	case "2.16.840.1.101.3.4.1.22":
		return aes.NewCipher, 24
	case "2.16.840.1.101.3.4.1.42":
		return aes.NewCipher, 32
	case "1.2.840.113549.3.7":
		return des.NewTripleDESCipher, 24
	}
	return nil, 0
}

func prfOf(oid asn1.ObjectIdentifier) func() hash.Hash {
	switch oid.String() {
	case "", "1.2.840.113549.2.7":
		return sha1.New
	case "1.2.840.113549.2.8":
		return sha256.New224
	case "1.2.840.113549.2.9":
		return sha256.New
	case "1.2.840.113549.2.10":
		return sha512.New384
	case "1.2.840.113549.2.11":
		return sha512.New
	}
	return nil
}

// unpad takes the padding of RFC 8018 section 6.1.1 away; there is none to take with a wrong key.
func unpad(plain []byte, size int) ([]byte, error) {
	n := int(plain[len(plain)-1])
	if n < 1 || n > size {
		return nil, errPassphrase()
	}
	for _, b := range plain[len(plain)-n:] {
		if int(b) != n {
			return nil, errPassphrase()
		}
	}
	return plain[:len(plain)-n], nil
}

// decode reads one DER value and nothing behind it.
func decode(der []byte, into any) bool {
	rest, err := asn1.Unmarshal(der, into)
	return err == nil && len(rest) == 0
}

func errScheme() error {
	return refuse("the key is encrypted in a way that is not supported").
		Hint("openssl pkcs8 -topk8 -v2 aes-256-cbc -in KEY -out NEW_KEY writes one that is")
}
