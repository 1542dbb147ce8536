package jose

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/authctl/authctl/internal/secret"
)

// parsePEM finds the one private key of a PEM text. Certificates, parameters and public keys beside it are passed over.
func parsePEM(text string, passphrase secret.String) (crypto.Signer, error) {
	blocks, rest := pemBlocks(text)
	if strings.Contains(rest, "-----BEGIN ") {
		return nil, refuse("the PEM text breaks off or is damaged")
	}
	var keys []*pem.Block
	for _, block := range blocks {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			keys = append(keys, block)
		}
	}
	switch len(keys) {
	case 0:
		return nil, refuse("the PEM text holds no private key")
	case 1:
		return parseBlock(keys[0], passphrase)
	}
	return nil, refuse("the PEM text holds %d private keys; give one of them", len(keys))
}

func pemBlocks(text string) ([]*pem.Block, string) {
	var blocks []*pem.Block
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return blocks, string(rest)
		}
		blocks = append(blocks, block)
	}
}

func parseBlock(block *pem.Block, passphrase secret.String) (crypto.Signer, error) {
	der, encrypted, err := plainDER(block, passphrase)
	switch {
	case err != nil:
		return nil, err
	case !encrypted && !passphrase.IsZero():
		return nil, refuse("a passphrase is given, but the key is not encrypted")
	}
	signer, err := parseDER(block.Type, der)
	if err != nil && encrypted {
		return nil, errPassphrase()
	}
	return signer, err
}

// plainDER undoes either encryption of PEM: that of PKCS #8, and the older one of OpenSSL (RFC 1421 headers).
func plainDER(block *pem.Block, passphrase secret.String) (der []byte, encrypted bool, err error) {
	legacy := block.Headers["DEK-Info"] != ""
	switch {
	case block.Type != "ENCRYPTED PRIVATE KEY" && !legacy:
		return block.Bytes, false, nil
	case passphrase.IsZero():
		return nil, true, refuse("the key is encrypted, and no passphrase is given").Hint("name it by the key passphrase")
	case legacy:
		der, err = x509.DecryptPEMBlock(block, []byte(passphrase.Reveal())) //nolint:staticcheck // SA1019: weak, and what openssl wrote for decades
		if err != nil {
			return nil, true, errPassphrase()
		}
		return der, true, nil
	}
	der, err = decryptPKCS8(block.Bytes, passphrase)
	return der, true, err
}

func parseDER(kind string, der []byte) (crypto.Signer, error) {
	var key any
	var err error
	switch kind {
	case "RSA PRIVATE KEY": // PKCS #1, RFC 8017 appendix A.1.2
		key, err = x509.ParsePKCS1PrivateKey(der)
	case "EC PRIVATE KEY": // SEC 1, RFC 5915
		key, err = x509.ParseECPrivateKey(der)
	case "PRIVATE KEY", "ENCRYPTED PRIVATE KEY": // PKCS #8, RFC 5958
		key, err = x509.ParsePKCS8PrivateKey(der)
	case "OPENSSH PRIVATE KEY":
		return nil, refuse("the key is in OpenSSH's own format").Hint("ssh-keygen -p -m PKCS8 -f COPY_OF_THE_KEY")
	default:
		return nil, refuse("PEM of the type %.40q is not supported", kind)
	}
	if err != nil {
		return nil, refuse("the private key inside the PEM text cannot be read")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, refuse("the key is of a kind that signs nothing")
	}
	return signer, nil
}

func errPassphrase() error {
	return refuse("the key cannot be decrypted: the passphrase is wrong, or the key is damaged")
}
