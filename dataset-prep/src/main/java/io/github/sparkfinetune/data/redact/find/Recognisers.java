package io.github.sparkfinetune.data.redact.find;

import io.github.sparkfinetune.conf.redact.Entity;
import java.util.Collection;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The recogniser of every entity: a line for an expression with a check, or a class and a line. */
final class Recognisers {
    private Recognisers() {}

    /** @param phoneRegions as {@code data.redact.phone_regions} */
    static Recogniser of(Entity entity, Collection<String> phoneRegions) {
        return switch (entity) {
            case EMAIL_ADDRESS -> new EmailRecogniser();
            case IBAN_CODE -> new IbanRecogniser();
            case CRYPTO -> new CryptoRecogniser();
            case URL -> new UrlRecogniser();
            case IP_ADDRESS -> new IpRecogniser();
            case DATE_TIME -> new DateRecogniser();
            case PHONE_NUMBER -> new PhoneRecogniser(phoneRegions);
            case CREDIT_CARD ->
                pattern(
                        entity,
                        "(?!1[0-9]{12}(?![0-9]))(?:4[0-9]{3}|5[0-5][0-9]{2}|2[2-7][0-9]{2}|[136][0-9]{3})"
                                + "[- ]?[0-9]{3,4}[- ]?[0-9]{3,4}[- ]?[0-9]{3,5}\\b",
                        CheckDigits::isLuhn);
            case US_ITIN ->
                pattern(entity, "9[0-9]{2}([- ])(?:5[0-9]|6[0-5]|7[0-9]|8[0-8]|9[0-24-9])\\1[0-9]{4}\\b", text -> true);
            case US_SSN -> pattern(entity, "[0-9]{3}([- .])[0-9]{2}\\1[0-9]{4}\\b", CheckDigits::isIssuedSsn);
            case UK_NHS -> pattern(entity, "[0-9]{3}[- ]?[0-9]{3}[- ]?[0-9]{4}\\b", CheckDigits::isNhs);
            // Without the prefixes that HM Revenue and Customs leaves out; two letters and a space may come first.
            case UK_NINO ->
                new PatternRecogniser(
                        entity,
                        Pattern.compile(
                                "(?!BG|GB|NK|KN|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
                                        + " ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]\\b",
                                Pattern.CASE_INSENSITIVE),
                        3,
                        text -> true);
            case DE_TAX_ID -> pattern(entity, "[1-9][0-9]{10}\\b", CheckDigits::isGermanTaxId);
            case FR_NIR ->
                pattern(
                        entity,
                        "[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]|[2-9][0-9]) ?(?:[0-9]{2}|2[AB])(?: ?[0-9]{3}){2} ?[0-9]{2}\\b",
                        CheckDigits::isNir);
            case ES_NIF -> pattern(entity, "[0-9]{7,8}-?[A-Z]\\b", CheckDigits::isNif);
            case ES_NIE -> pattern(entity, "[XYZ][0-9]{7}-?[A-Z]\\b", CheckDigits::isNie);
            case IT_FISCAL_CODE ->
                pattern(
                        entity,
                        "[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]\\b",
                        CheckDigits::isFiscalCode);
            case IT_VAT_CODE -> pattern(entity, "(?:[0-9][ _]?){10}[0-9]\\b", CheckDigits::isItalianVat);
            case PL_PESEL ->
                pattern(
                        entity,
                        "[0-9]{2}(?:[02468][1-9]|[13579][012])(?:0[1-9]|[12][0-9]|3[01])[0-9]{5}\\b",
                        CheckDigits::isPesel);
            case IN_PAN -> pattern(entity, "[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]\\b", text -> true);
            case IN_AADHAAR ->
                pattern(entity, "[2-9][0-9]{3}(?:[0-9]{8}|[- :][0-9]{4}[- :][0-9]{4})\\b", CheckDigits::isAadhaar);
        };
    }

    private static Recogniser pattern(Entity entity, String pattern, Predicate<String> check) {
        return new PatternRecogniser(entity, Pattern.compile(pattern, Pattern.CASE_INSENSITIVE), 0, check);
    }
}
