//! Currencies of the generated data: every exponent Stripe knows and its special cases.

use crate::random::Random;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Currency {
    pub(crate) code: &'static str,
    /// Amounts are multiples of this many minor units (Stripe's rules for ISK, UGX and the
    /// three-decimal currencies).
    step: i64,
    /// Minor units of a usual purchase, lowest and highest.
    usual: (i64, i64),
    /// Minor units of USD for one minor unit of this currency, in millionths.
    usd_millionths: i64,
}

const fn currency(code: &'static str, step: i64, usual: (i64, i64), usd_millionths: i64) -> Currency {
    Currency { code, step, usual, usd_millionths }
}

const CURRENCIES: [Currency; 16] = [
    currency("usd", 1, (50, 250_000), 1_000_000),
    currency("eur", 1, (50, 250_000), 1_084_250),
    currency("gbp", 1, (50, 200_000), 1_271_900),
    currency("cad", 1, (50, 300_000), 731_200),
    currency("jpy", 1, (50, 400_000), 667_000),
    currency("krw", 1, (100, 900_000), 73_100),
    currency("vnd", 1, (10_000, 9_000_000), 4_010),
    currency("clp", 1, (500, 900_000), 105_300),
    currency("kwd", 10, (100, 90_000), 325_400),
    currency("bhd", 10, (100, 90_000), 265_200),
    currency("tnd", 10, (1_000, 900_000), 32_150),
    currency("isk", 100, (10_000, 9_000_000), 7_210),
    currency("ugx", 100, (100_000, 90_000_000), 270),
    currency("huf", 1, (20_000, 9_000_000), 2_740),
    currency("twd", 1, (1_000, 900_000), 31_100),
    currency("brl", 1, (500, 250_000), 183_400),
];

impl Currency {
    pub(crate) const USD: Self = CURRENCIES[0];

    /// Mostly the large currencies, every other one now and then.
    pub(crate) fn draw(random: &mut Random) -> Self {
        match random.below(100) {
            0..45 => CURRENCIES[0],
            45..65 => CURRENCIES[1],
            65..73 => CURRENCIES[2],
            73..80 => CURRENCIES[4],
            _ => random.pick(&CURRENCIES),
        }
    }

    /// One of the few currencies of a catalogue of prices.
    pub(crate) fn draw_for_price(random: &mut Random) -> Self {
        match random.below(100) {
            0..70 => CURRENCIES[0],
            70..85 => CURRENCIES[1],
            85..92 => CURRENCIES[4],
            _ => random.pick(&CURRENCIES),
        }
    }

    /// Minor units of a purchase.
    pub(crate) fn amount(self, random: &mut Random) -> i64 {
        let raw = if random.chance(80) {
            random.between(self.usual.0, self.usual.0 + (self.usual.1 - self.usual.0) / 20)
        } else {
            random.between(self.usual.0, self.usual.1)
        };
        raw - raw % self.step
    }

    /// A part of `amount` that this currency allows, at least one step.
    pub(crate) fn part(self, amount: i64, random: &mut Random) -> i64 {
        let raw = random.between(1, amount.max(1));
        (raw - raw % self.step).max(self.step.min(amount))
    }

    /// The amount in minor units of USD, the generated account's settlement currency.
    pub(crate) fn to_usd(self, amount: i64) -> i64 {
        ((i128::from(amount) * i128::from(self.usd_millionths) + 500_000) / 1_000_000) as i64
    }

    /// What `exchange_rate` shows: none when nothing was converted.
    pub(crate) fn exchange_rate(self) -> Option<f64> {
        (self.code != "usd").then(|| self.usd_millionths as f64 / 1_000_000.0)
    }
}
