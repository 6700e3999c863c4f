//! Protocol buffers, field by field, without copying. Ten messages of a log are looked at, most of
//! them a few fields deep: a walk over fields is smaller than generated types, and gives slices where
//! those would allocate.

use std::fmt;

/// Bytes that are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the record is not what the client writes")
    }
}

/// The value of a field as it is on the wire.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wire<'a> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
}

impl<'a> Wire<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8], Malformed> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(Malformed) }
    }

    pub(crate) fn text(self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_not_utf8| Malformed)
    }

    pub(crate) fn number(self) -> Result<u64, Malformed> {
        if let Self::Varint(number) = self { Ok(number) } else { Err(Malformed) }
    }

    pub(crate) fn flag(self) -> Result<bool, Malformed> {
        Ok(self.number()? != 0)
    }

    /// An `int32` or `int64`: negative ones are ten bytes of two's complement.
    pub(crate) fn integer(self) -> Result<i64, Malformed> {
        Ok(self.number()?.cast_signed())
    }

    /// A `sint64`: the sign in the lowest bit.
    pub(crate) fn zigzag(self) -> Result<i64, Malformed> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    pub(crate) fn float(self) -> Result<f64, Malformed> {
        if let Self::Fixed64(bytes) = self { Ok(f64::from_le_bytes(bytes)) } else { Err(Malformed) }
    }

    /// A `Timestamp`, as nanoseconds since 1970.
    pub(crate) fn time(self) -> Result<i64, Malformed> {
        let (mut seconds, mut nanos) = (0i64, 0i64);
        for field in Fields::of(self.bytes()?) {
            match field? {
                (1, value) => seconds = value.integer()?,
                (2, value) => nanos = value.integer()?,
                _ => {}
            }
        }
        seconds.checked_mul(1_000_000_000).and_then(|whole| whole.checked_add(nanos)).ok_or(Malformed)
    }
}

/// The fields of a message in order, each with its number. Ends after the first that is malformed.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn field(&mut self) -> Option<(u32, Wire<'a>)> {
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0)?;
        let value = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(self.fixed()?),
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(len)?;
                self.0 = rest;
                Wire::Bytes(bytes)
            }
            5 => Wire::Fixed32(self.fixed()?),
            // Groups are not in any message of the client.
            _ => return None,
        };
        Some((number, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Wire<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or(Malformed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Result<(u32, Wire<'_>), Malformed>> {
        Fields::of(bytes).collect()
    }

    #[test]
    fn each_kind_of_field_is_read() {
        let message = [
            0x08, 0x96, 0x01, // 1: 150
            0x12, 0x02, b'h', b'i', // 2: "hi"
            0x19, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, // 3: 1.0
            0x25, 1, 0, 0, 0, // 4: fixed32
            0xba, 0x0c, 0x00, // 199: empty
        ];
        let fields: Vec<_> = all(&message).into_iter().map(Result::unwrap).collect();
        assert_eq!(fields[0], (1, Wire::Varint(150)));
        assert_eq!(fields[1].1.text(), Ok("hi"));
        assert_eq!(fields[2].1.float(), Ok(1.0));
        assert_eq!(fields[3], (4, Wire::Fixed32([1, 0, 0, 0])));
        assert_eq!(fields[4], (199, Wire::Bytes(&[])));
    }

    #[test]
    fn numbers_keep_their_sign() {
        let negative = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(all(&negative)[0].unwrap().1.integer(), Ok(-1));
        assert_eq!([0, 1, 2, 3].map(|n| Wire::Varint(n).zigzag().unwrap()), [0, -1, 1, -2]);
        assert_eq!(Wire::Varint(u64::MAX).zigzag(), Ok(i64::MIN));
        let time = [0x08, 0x02, 0x10, 0x05];
        assert_eq!(Wire::Bytes(&time).time(), Ok(2_000_000_005));
    }

    #[test]
    fn what_is_no_message_ends_in_an_error() {
        for bytes in [
            &[0x08][..],
            &[0x12, 0x05, b'a'],
            &[0x0b],
            &[0x00, 0x00],
            &[0xff; 11],
            &[0x19, 0, 0],
            &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ] {
            assert_eq!(all(bytes).last(), Some(&Err(Malformed)), "{bytes:?}");
            assert_eq!(Fields::of(bytes).filter(Result::is_err).count(), 1);
        }
        assert_eq!(Wire::Bytes(b"\xff").text(), Err(Malformed));
        assert_eq!(Wire::Varint(1).text(), Err(Malformed));
    }
}
