package io.github.sparkfinetune.conf.redact;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * Kinds of personal data that rules recognise, by the names that Presidio uses; {@link #FR_NIR} has no counterpart
 * there. Of entities that a text could be, the earlier one names it.
 */
public enum Entity {
    /** An e-mail address. */
    @JsonProperty("EMAIL_ADDRESS")
    EMAIL_ADDRESS,
    /** An International Bank Account Number of a country's length, with its check digits. */
    @JsonProperty("IBAN_CODE")
    IBAN_CODE,
    /** A card number of 13 to 17 digits with Luhn's check digit. */
    @JsonProperty("CREDIT_CARD")
    CREDIT_CARD,
    /** A Bitcoin address with its checksum: Base58Check, Bech32 or Bech32m. */
    @JsonProperty("CRYPTO")
    CRYPTO,
    /** A web address, with or without a scheme. */
    @JsonProperty("URL")
    URL,
    /** An IPv4 or IPv6 address, with an optional prefix length. */
    @JsonProperty("IP_ADDRESS")
    IP_ADDRESS,
    /** A date of day, month and year, or of month and year, with an optional time of day. */
    @JsonProperty("DATE_TIME")
    DATE_TIME,
    /** An Individual Taxpayer Identification Number of the United States, with separators. */
    @JsonProperty("US_ITIN")
    US_ITIN,
    /** A Social Security Number of the United States, with separators. */
    @JsonProperty("US_SSN")
    US_SSN,
    /** A number of the National Health Service of England, with its check digit. */
    @JsonProperty("UK_NHS")
    UK_NHS,
    /** A National Insurance Number of the United Kingdom. */
    @JsonProperty("UK_NINO")
    UK_NINO,
    /** A German tax identification number, with its check digit. */
    @JsonProperty("DE_TAX_ID")
    DE_TAX_ID,
    /** A French social security number, with its key. */
    @JsonProperty("FR_NIR")
    FR_NIR,
    /** A Spanish tax identification number of a person, with its check letter. */
    @JsonProperty("ES_NIF")
    ES_NIF,
    /** A Spanish identity number of a foreigner, with its check letter. */
    @JsonProperty("ES_NIE")
    ES_NIE,
    /** An Italian fiscal code of a person, with its check letter. */
    @JsonProperty("IT_FISCAL_CODE")
    IT_FISCAL_CODE,
    /** An Italian VAT number, with its check digit. */
    @JsonProperty("IT_VAT_CODE")
    IT_VAT_CODE,
    /** A Polish PESEL number, with its check digit. */
    @JsonProperty("PL_PESEL")
    PL_PESEL,
    /** An Indian Permanent Account Number. */
    @JsonProperty("IN_PAN")
    IN_PAN,
    /** An Indian Aadhaar number, with its check digit. */
    @JsonProperty("IN_AADHAAR")
    IN_AADHAAR,
    /** A telephone number that is valid in the numbering plan of a country. */
    @JsonProperty("PHONE_NUMBER")
    PHONE_NUMBER
}
