package jose

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/authctl/authctl/internal/secret"
)

// ParsePKCS12 reads the private key and the certificates of a PKCS #12 file (RFC 7292), the key's own certificate first.
func ParsePKCS12(data []byte, passphrase secret.String) (crypto.Signer, []*x509.Certificate, error) {
	key, first, others, err := pkcs12.DecodeChain(data, passphrase.Reveal())
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, nil, refuse("the passphrase does not open the PKCS #12 file")
	case err != nil:
		return nil, nil, refuse("the file is not PKCS #12 with one private key and its certificate")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, nil, refuse("the key is of a kind that signs nothing")
	}
	chain, err := chainOf(signer, append([]*x509.Certificate{first}, others...))
	return signer, chain, err
}

// ParseCertificates reads the certificates of a PEM text, in its order. Whatever else it holds is passed over.
func ParseCertificates(text []byte) ([]*x509.Certificate, error) {
	var found []*x509.Certificate
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, refuse("a certificate of the PEM text cannot be read")
		}
		found = append(found, certificate)
	}
	if len(found) == 0 {
		return nil, refuse("the PEM text holds no certificate")
	}
	return found, nil
}

// Chain puts the key's own certificate first and those that issued it behind, each once. Programs write a file's
// certificates in any order.
func (k *Key) Chain(certificates []*x509.Certificate) ([]*x509.Certificate, error) {
	signer, ok := k.material().(crypto.Signer)
	if !ok {
		return nil, refuse("a client secret has no certificate")
	}
	return chainOf(signer, certificates)
}

func chainOf(signer crypto.Signer, certificates []*x509.Certificate) ([]*x509.Certificate, error) {
	public, ok := signer.Public().(interface {
		Equal(other crypto.PublicKey) bool
	})
	if !ok {
		return nil, refuse("the key is of a kind that signs nothing")
	}
	var chain []*x509.Certificate
	for _, certificate := range certificates {
		if public.Equal(certificate.PublicKey) {
			chain = append(chain, certificate)
			break
		}
	}
	if len(chain) == 0 {
		return nil, refuse("no certificate is that of the private key")
	}
	for len(chain) <= len(certificates) {
		issuer := issuerOf(chain[len(chain)-1], certificates)
		if issuer == nil {
			break
		}
		chain = append(chain, issuer)
	}
	return chain, nil
}

// issuerOf finds who signed the certificate; nil for one that signed itself.
func issuerOf(child *x509.Certificate, certificates []*x509.Certificate) *x509.Certificate {
	if child.CheckSignatureFrom(child) == nil {
		return nil
	}
	for _, candidate := range certificates {
		if !candidate.Equal(child) && child.CheckSignatureFrom(candidate) == nil {
			return candidate
		}
	}
	return nil
}
