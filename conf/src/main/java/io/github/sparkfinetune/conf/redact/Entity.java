package io.github.sparkfinetune.conf.redact;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;

/**
 * Kinds of personal data that rules recognise, by the names that Presidio uses; {@link #FR_NIR} has no counterpart
 * there. Of entities that a text could be, the earlier one names it.
 */
public enum Entity {
    /** An e-mail address. */
    EMAIL_ADDRESS,
    /** An International Bank Account Number of a country's length, with its check digits. */
    IBAN_CODE,
    /** A card number of 13 to 17 digits with Luhn's check digit. */
    CREDIT_CARD,
    /** A Bitcoin address with its checksum: Base58Check, Bech32 or Bech32m. */
    CRYPTO,
    /** A web address, with or without a scheme. */
    URL,
    /** An IPv4 or IPv6 address, with an optional prefix length. */
    IP_ADDRESS,
    /** A date of day, month and year, or of month and year, with an optional time of day. */
    DATE_TIME,
    /** An Individual Taxpayer Identification Number of the United States, with separators. */
    US_ITIN,
    /** A Social Security Number of the United States, with separators. */
    US_SSN,
    /** A number of the National Health Service of England, with its check digit. */
    UK_NHS,
    /** A National Insurance Number of the United Kingdom. */
    UK_NINO,
    /** A German tax identification number, with its check digit. */
    DE_TAX_ID,
    /** A French social security number, with its key. */
    FR_NIR,
    /** A Spanish tax identification number of a person, with its check letter. */
    ES_NIF,
    /** A Spanish identity number of a foreigner, with its check letter. */
    ES_NIE,
    /** An Italian fiscal code of a person, with its check letter. */
    IT_FISCAL_CODE,
    /** An Italian VAT number, with its check digit. */
    IT_VAT_CODE,
    /** A Polish PESEL number, with its check digit. */
    PL_PESEL,
    /** An Indian Permanent Account Number. */
    IN_PAN,
    /** An Indian Aadhaar number, with its check digit. */
    IN_AADHAAR,
    /** A telephone number that is valid in the numbering plan of a country. */
    PHONE_NUMBER;

    /** Order of the names of entities: those that rules recognise in their order, then all others by name. */
    public static final Comparator<String> ORDER = Comparator.<String>comparingInt(
                    name -> named(name).map(Entity::ordinal).orElse(Integer.MAX_VALUE))
            .thenComparing(Comparator.naturalOrder());

    /** Returns the entity of a name; empty for a name that no rule recognises. */
    public static Optional<Entity> named(String name) {
        return Arrays.stream(values())
                .filter(entity -> entity.name().equals(name))
                .findFirst();
    }
}
