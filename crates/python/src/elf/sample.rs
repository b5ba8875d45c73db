//! ELF files made for tests: a dynamic section and the glibc version it asks for, and nothing else.

/// A library in the making, little-endian.
#[derive(Debug, Clone, Copy)]
pub struct SampleElf<'a> {
    /// 32 or 64.
    pub bits: u8,
    /// `e_machine`: 62 is x86-64, 183 is AArch64.
    pub machine: u16,
    /// The libraries it needs.
    pub needed: &'a [&'a str],
    /// The one symbol version it needs of the first of them.
    pub glibc: &'a str,
}

/// A section: its type, what it links to, the number of entries that some types tell, and its bytes.
type Section = (u32, u32, u32, Vec<u8>);

impl SampleElf<'_> {
    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut strings = vec![0];
        let mut name = |text: &str| {
            let place = u32::try_from(strings.len()).expect("a few names");
            strings.extend_from_slice(text.as_bytes());
            strings.push(0);
            place
        };
        let needed: Vec<u32> = self.needed.iter().map(|library| name(library)).collect();
        let version = name(self.glibc);
        let dynamic: Vec<u8> = needed
            .iter()
            .flat_map(|place| [self.word(1), self.word(u64::from(*place))].concat())
            .chain([self.word(0), self.word(0)].concat())
            .collect();
        let first = needed.first().copied().unwrap_or_default();
        let mut versions = [&[1, 0, 1, 0][..], &first.to_le_bytes(), &16u32.to_le_bytes(), &[0; 4]].concat();
        versions.extend([&[0; 4][..], &[0, 0, 2, 0], &version.to_le_bytes(), &[0; 4]].concat());
        // SHT_STRTAB, SHT_DYNAMIC and SHT_GNU_verneed; the last two take their names from the first.
        self.file(&[(3, 0, 0, strings), (6, 1, 0, dynamic), (0x6fff_fffe, 1, 1, versions)])
    }

    /// A number as wide as the class has its addresses.
    fn word(&self, value: u64) -> Vec<u8> {
        value.to_le_bytes()[..usize::from(self.bits / 8)].to_vec()
    }

    fn file(&self, sections: &[Section]) -> Vec<u8> {
        let (header, section) = if self.bits == 64 { (64u16, 64u16) } else { (52, 40) };
        let mut offset = u64::from(header);
        let mut table = vec![0; usize::from(section)];
        for (kind, link, info, bytes) in sections {
            table.extend([&[0; 4][..], &kind.to_le_bytes(), &self.word(0), &self.word(0)].concat());
            table.extend([self.word(offset), self.word(bytes.len() as u64)].concat());
            table.extend([link.to_le_bytes(), info.to_le_bytes()].concat());
            table.extend([self.word(1), self.word(0)].concat());
            offset += bytes.len() as u64;
        }
        let class = if self.bits == 64 { 2 } else { 1 };
        let mut file = [b"\x7fELF", &[class, 1, 1, 0][..], &[0; 8]].concat();
        file.extend([&3u16.to_le_bytes()[..], &self.machine.to_le_bytes(), &1u32.to_le_bytes()].concat());
        // Entry, program headers (none), and the table of sections behind everything else.
        file.extend([self.word(0), self.word(0), self.word(offset), vec![0; 4]].concat());
        let count = u16::try_from(sections.len() + 1).expect("a few sections");
        let program_header: u16 = if self.bits == 64 { 56 } else { 32 };
        file.extend([header, program_header, 0, section, count, 1].map(u16::to_le_bytes).concat());
        sections.iter().for_each(|(_, _, _, bytes)| file.extend_from_slice(bytes));
        file.extend(table);
        file
    }
}
