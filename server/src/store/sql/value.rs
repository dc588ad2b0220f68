//! Values that statements of the control store bind. A missing value keeps its type: PostgreSQL asks for it.

/// A value of one of the types that the control store keeps.
#[derive(Debug, Clone)]
pub enum Value {
    /// A number, a moment, a flag as 0 or 1.
    Whole(Option<i64>),
    /// A measured number.
    Real(Option<f64>),
    /// Text, JSON too.
    Text(Option<String>),
    /// A file's content.
    Bytes(Option<Vec<u8>>),
}

/// What can be bound.
pub trait Bind {
    /// Its missing value.
    const NULL: Value;

    /// Itself.
    fn value(self) -> Value;
}

impl<T: Bind> Bind for Option<T> {
    const NULL: Value = T::NULL;

    fn value(self) -> Value {
        self.map_or(T::NULL, T::value)
    }
}

impl<T: Bind + Clone> Bind for &T {
    const NULL: Value = T::NULL;

    fn value(self) -> Value {
        self.clone().value()
    }
}

impl Bind for &str {
    const NULL: Value = Value::Text(None);

    fn value(self) -> Value {
        Value::Text(Some(self.to_owned()))
    }
}

impl Bind for String {
    const NULL: Value = Value::Text(None);

    fn value(self) -> Value {
        Value::Text(Some(self))
    }
}

impl Bind for &[u8] {
    const NULL: Value = Value::Bytes(None);

    fn value(self) -> Value {
        Value::Bytes(Some(self.to_owned()))
    }
}

impl Bind for f64 {
    const NULL: Value = Value::Real(None);

    fn value(self) -> Value {
        Value::Real(Some(self))
    }
}

macro_rules! whole {
    ($($type:ty),+) => {
        $(impl Bind for $type {
            const NULL: Value = Value::Whole(None);

            fn value(self) -> Value {
                Value::Whole(Some(i64::from(self)))
            }
        })+
    };
}
whole!(i64, i32, i16, u32, u16, u8, bool);
