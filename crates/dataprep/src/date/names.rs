//! The English names of months, days and times. Java prints the same for its locales `US` and `ROOT`
//! in the short forms.

/// Months in full; the first three letters are the short form.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Days of the week in full, from Monday; the first three letters are the short form.
pub(crate) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Quarters in full.
pub(crate) const QUARTERS: [&str; 4] = ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"];

/// The eras in full: before and after.
pub(crate) const ERAS: [&str; 2] = ["Before Christ", "Anno Domini"];

/// A short name of a kind of time, its offset in minutes, and the name in full.
pub(crate) type TimeName = (&'static str, i32, &'static str);

/// The short names that the time zone database uses today, with CLDR's full names. Where one short name
/// has two offsets, the first is the one that RFC 2822 (4.3) fixes.
pub(crate) const TIMES: &[TimeName] = &[
    ("EST", -300, "Eastern Standard Time"),
    ("EDT", -240, "Eastern Daylight Time"),
    ("CST", -360, "Central Standard Time"),
    ("CDT", -300, "Central Daylight Time"),
    ("MST", -420, "Mountain Standard Time"),
    ("MDT", -360, "Mountain Daylight Time"),
    ("PST", -480, "Pacific Standard Time"),
    ("PDT", -420, "Pacific Daylight Time"),
    ("AKST", -540, "Alaska Standard Time"),
    ("AKDT", -480, "Alaska Daylight Time"),
    ("HST", -600, "Hawaii-Aleutian Standard Time"),
    ("HDT", -540, "Hawaii-Aleutian Daylight Time"),
    ("SST", -660, "Samoa Standard Time"),
    ("AST", -240, "Atlantic Standard Time"),
    ("ADT", -180, "Atlantic Daylight Time"),
    ("NST", -210, "Newfoundland Standard Time"),
    ("NDT", -150, "Newfoundland Daylight Time"),
    ("GMT", 0, "Greenwich Mean Time"),
    ("WET", 0, "Western European Standard Time"),
    ("WEST", 60, "Western European Summer Time"),
    ("BST", 60, "British Summer Time"),
    ("CET", 60, "Central European Standard Time"),
    ("CEST", 120, "Central European Summer Time"),
    ("EET", 120, "Eastern European Standard Time"),
    ("EEST", 180, "Eastern European Summer Time"),
    ("MSK", 180, "Moscow Standard Time"),
    ("IST", 330, "India Standard Time"),
    ("IST", 60, "Irish Standard Time"),
    ("IST", 120, "Israel Standard Time"),
    ("IDT", 180, "Israel Daylight Time"),
    ("WAT", 60, "West Africa Standard Time"),
    ("CAT", 120, "Central Africa Time"),
    ("SAST", 120, "South Africa Standard Time"),
    ("EAT", 180, "East Africa Time"),
    ("PKT", 300, "Pakistan Standard Time"),
    ("WIB", 420, "Western Indonesia Time"),
    ("WITA", 480, "Central Indonesia Time"),
    ("WIT", 540, "Eastern Indonesia Time"),
    ("HKT", 480, "Hong Kong Standard Time"),
    ("CST", 480, "China Standard Time"),
    ("PST", 480, "Philippine Standard Time"),
    ("JST", 540, "Japan Standard Time"),
    ("KST", 540, "Korean Standard Time"),
    ("ChST", 600, "Chamorro Standard Time"),
    ("AWST", 480, "Australian Western Standard Time"),
    ("ACST", 570, "Australian Central Standard Time"),
    ("ACDT", 630, "Australian Central Daylight Time"),
    ("AEST", 600, "Australian Eastern Standard Time"),
    ("AEDT", 660, "Australian Eastern Daylight Time"),
    ("NZST", 720, "New Zealand Standard Time"),
    ("NZDT", 780, "New Zealand Daylight Time"),
];

/// Short names with more than one offset in use and none that a standard fixes: they are not read.
pub(crate) const AMBIGUOUS: [&str; 1] = ["IST"];

/// What Java takes the three letters for where a zone is to be named (`java.time.ZoneId.SHORT_IDS`).
/// Those that differ from the name of a kind of time above are Java's all the same.
pub(crate) const JAVA_ZONES: &[(&str, &str)] = &[
    ("ACT", "Australia/Darwin"),
    ("AET", "Australia/Sydney"),
    ("AGT", "America/Argentina/Buenos_Aires"),
    ("ART", "Africa/Cairo"),
    ("AST", "America/Anchorage"),
    ("BET", "America/Sao_Paulo"),
    ("BST", "Asia/Dhaka"),
    ("CAT", "Africa/Harare"),
    ("CNT", "America/St_Johns"),
    ("CST", "America/Chicago"),
    ("CTT", "Asia/Shanghai"),
    ("EAT", "Africa/Addis_Ababa"),
    ("ECT", "Europe/Paris"),
    ("EST", "-05:00"),
    ("HST", "-10:00"),
    ("IET", "America/Indiana/Indianapolis"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("MIT", "Pacific/Apia"),
    ("MST", "-07:00"),
    ("NET", "Asia/Yerevan"),
    ("NST", "Pacific/Auckland"),
    ("PLT", "Asia/Karachi"),
    ("PNT", "America/Phoenix"),
    ("PRT", "America/Puerto_Rico"),
    ("PST", "America/Los_Angeles"),
    ("SST", "Pacific/Guadalcanal"),
    ("VST", "Asia/Ho_Chi_Minh"),
];
