package wiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// The notation of chat's values in transcripts is JSON: a struct is the object
// of its fields that are not zero, by their Go names; a []byte is the JSON that
// it holds; a time is RFC 3339; a duration is Go's; a value behind an interface
// is an object with one member, named for its type.

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	bytesType    = reflect.TypeFor[[]byte]()
)

// describe writes v in the notation.
func describe(w *bytes.Buffer, v reflect.Value) {
	switch {
	case v.Type() == timeType:
		fmt.Fprintf(w, "%q", v.Interface().(time.Time).Format(time.RFC3339Nano))
	case v.Type() == durationType:
		fmt.Fprintf(w, "%q", v.Interface().(time.Duration).String())
	case v.Type() == bytesType:
		w.Write(v.Bytes())
	case v.Kind() == reflect.Pointer:
		describe(w, v.Elem())
	case v.Kind() == reflect.Interface:
		fmt.Fprintf(w, "{%q:", reflect.Indirect(v.Elem()).Type().Name())
		describe(w, v.Elem())
		w.WriteByte('}')
	case v.Kind() == reflect.Struct:
		describeStruct(w, v)
	default:
		b, err := json.Marshal(v.Interface())
		if err != nil {
			panic(err) // a chat type that the notation lacks
		}
		w.Write(b)
	}
}

func describeStruct(w *bytes.Buffer, v reflect.Value) {
	w.WriteByte('{')
	first := true
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Name == "Ref" || v.Field(i).IsZero() {
			continue
		}
		if !first {
			w.WriteByte(',')
		}
		first = false
		fmt.Fprintf(w, "%q:", f.Name)
		describe(w, v.Field(i))
	}
	w.WriteByte('}')
}

// parse reads the notation into v. Interfaces are not read: the transcript's
// own lines say what a delivery is.
func parse(data []byte, v reflect.Value) error {
	switch {
	case v.Type() == timeType:
		return json.Unmarshal(data, v.Addr().Interface())
	case v.Type() == durationType:
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		d, err := time.ParseDuration(s)
		v.SetInt(int64(d))
		return err
	case v.Type() == bytesType:
		v.SetBytes(bytes.Clone(data))
		return nil
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return parse(data, v.Elem())
	case v.Kind() == reflect.Slice:
		return parseSlice(data, v)
	case v.Kind() == reflect.Struct:
		return parseStruct(data, v)
	}
	return json.Unmarshal(data, v.Addr().Interface())
}

func parseSlice(data []byte, v reflect.Value) error {
	var elems []json.RawMessage
	if err := json.Unmarshal(data, &elems); err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(v.Type(), len(elems), len(elems)))
	for i, e := range elems {
		if err := parse(e, v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func parseStruct(data []byte, v reflect.Value) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err
	}
	for name, m := range members {
		f := v.FieldByName(name)
		if !f.IsValid() {
			return fmt.Errorf("%s has no field %s", v.Type(), name)
		}
		if err := parse(m, f); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
