package call

import (
	"errors"
	"io"
)

// joined is several bodies, one after the other.
type joined []Body

func (j joined) Open() (io.ReadCloser, int64, error) {
	all := &joinedReader{}
	total := int64(0)
	for _, part := range j {
		r, size, err := part.Open()
		if err != nil {
			_ = all.Close()
			return nil, 0, err
		}
		all.parts = append(all.parts, r)
		if total >= 0 {
			total += size
		}
		if size < 0 {
			total = -1
		}
	}
	readers := make([]io.Reader, len(all.parts))
	for i, r := range all.parts {
		readers[i] = r
	}
	all.Reader = io.MultiReader(readers...)
	return all, total, nil
}

func (j joined) Replayable() bool {
	for _, part := range j {
		if !part.Replayable() {
			return false
		}
	}
	return true
}

type joinedReader struct {
	io.Reader
	parts []io.ReadCloser
}

func (r *joinedReader) Close() error {
	var errs []error
	for _, part := range r.parts {
		errs = append(errs, part.Close())
	}
	return errors.Join(errs...)
}
